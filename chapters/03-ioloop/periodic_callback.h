// Calls a function at regular intervals.
#pragma once

#include <memory>

#include "03-ioloop/ioloop.h"

namespace mini {

// [periodic]
// Calls `callback` every `milliseconds`, first one period after start(). If a call takes longer
// than a period, the missed calls are skipped, not replayed. The callback may stop the object, or
// even destroy it.
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
  std::shared_ptr<State> state_;  // shared with a call in progress
};
// [/periodic]

// Returns the time of the next call in seconds: the first multiple of `period` after `last` that is
// later than `now`.
double next_multiple(double last, double period, double now);

}  // namespace mini
