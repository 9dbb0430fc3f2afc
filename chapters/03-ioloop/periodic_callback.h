// Calls a function again and again.
#pragma once

#include <memory>

#include "03-ioloop/ioloop.h"

namespace mini {

// [periodic]
// Calls `callback` every `milliseconds`, for the first time one period after start(). If a call
// takes longer than a period, the calls that were missed are left out, not made up for. The
// callback may stop the object and even destroy it.
class PeriodicCallback {
 public:
  // Throws std::invalid_argument if the period is not positive. The loop must outlive the object.
  PeriodicCallback(IOLoop& loop, Callback callback, double milliseconds);
  ~PeriodicCallback() { stop(); }
  PeriodicCallback(const PeriodicCallback&) = delete;
  PeriodicCallback& operator=(const PeriodicCallback&) = delete;

  void start();
  void stop();
  bool is_running() const;

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the call that runs
};
// [/periodic]

// When the next call is due, seconds: the first multiple of `period` after `last` that lies in the
// future.
double next_multiple(double last, double period, double now);

}  // namespace mini
