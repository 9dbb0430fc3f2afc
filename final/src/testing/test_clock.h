// Internal header: virtual time for tests, with an end in real time.
#pragma once

#include <tornado/ioloop.h>

namespace tornado::testing {

// Moves when the loop would sleep. A test that waits for nothing would then see its own timeout at
// once, and one that sleeps for an hour, before its end. So a timeout is a timer far away, to which
// this clock moves when the real time is up.
class TestClock final : public ioloop::Clock {
 public:
  // How far away, in seconds.
  static constexpr double kFar = 1e9;

  double time() override { return now_; }
  bool skip(double seconds) override;

  // From here on `seconds` of real time may pass; the loop gets a timer kFar from now.
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
