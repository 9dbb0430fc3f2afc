// The one place where time comes from.
#pragma once

namespace mini {

// [clock]
class Clock {
 public:
  virtual ~Clock() = default;

  // Seconds since some moment in the past. Never jumps: nobody can set this clock.
  virtual double now();

  // The loop has nothing to do for `seconds` and is about to sleep. A clock that is not real moves
  // ahead instead and returns true.
  virtual bool skip(double /*seconds*/) { return false; }
};
// [/clock]

// [virtual]
// Time that moves only when the loop would sleep: in a test, an hour takes no time.
class VirtualClock : public Clock {
 public:
  double now() override { return now_; }
  bool skip(double seconds) override {
    now_ += seconds;
    return true;
  }

 private:
  double now_ = 1000;
};
// [/virtual]

// The clock that a loop uses unless told otherwise.
Clock& real_clock();

}  // namespace mini
