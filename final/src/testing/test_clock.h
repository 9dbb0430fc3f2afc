// Internal header: virtual time for tests, with a limit in real time.
#pragma once

#include <tornado/ioloop.h>

namespace tornado::testing {

// Moves ahead when the loop would block. With an ordinary timeout, a test that waits for nothing
// would reach it at once, and one that sleeps for an hour would reach it before its end. So the
// timeout is a timer far away, to which this clock jumps when the real time is up.
class TestClock final : public ioloop::Clock {
 public:
  // How far away that is, in seconds.
  static constexpr double kFar = 1e9;

  double time() override { return now_; }
  bool skip(double seconds) override;

  // Allows `seconds` of real time from now on. The loop gets a timer kFar from now.
  void limit(double seconds);
  void lift() { limited_ = false; }
  bool passed() const { return passed_; }

 private:
  double now_ = 1000;
  double end_ = 0;       // in virtual time
  double real_end_ = 0;  // the same moment of the real clock
  bool limited_ = false;
  bool passed_ = false;
};

}  // namespace tornado::testing
