// The only source of time.
#pragma once

namespace mini {

// [clock]
class Clock {
 public:
  virtual ~Clock() = default;

  // Returns seconds since some moment in the past. Never jumps: this clock cannot be set.
  virtual double now();

  // Called when the loop is about to wait for `seconds`. A virtual clock moves ahead by that much
  // instead, and returns true: do not wait.
  virtual bool skip(double /*seconds*/) { return false; }
};
// [/clock]

// [virtual]
// A clock that moves only when the loop would wait: in a test, an hour takes no time.
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

// Returns the clock that a loop uses by default.
Clock& real_clock();

}  // namespace mini
