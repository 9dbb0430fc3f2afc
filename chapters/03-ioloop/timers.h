// Functions to call at a certain time, ordered by that time. Independent of clock and loop.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace mini {

using Callback = std::function<void()>;

// [timeout]
// Identifies a timer. The number tells timers with equal deadlines apart and keeps them in the
// order in which they were added.
struct Timeout {
  double deadline = 0;
  std::uint64_t number = 0;  // 0: no timer
  auto operator<=>(const Timeout&) const = default;
};
// [/timeout]

// [timers]
class Timers {
 public:
  // Throws std::invalid_argument if the deadline is NaN, which has no place in an order.
  Timeout add(double deadline, Callback callback);
  // Does nothing if it has run or was removed already.
  void remove(const Timeout& timeout) { timers_.erase(timeout); }

  // Returns the earliest deadline, or nothing if there are no timers.
  std::optional<double> next_deadline() const;
  // Returns the timers that are due, earliest first. They stay in the list until taken.
  std::vector<Timeout> due(double now) const;
  // Removes the timer and returns its callback, or nothing if it has been removed meanwhile.
  std::optional<Callback> take(const Timeout& timeout);

 private:
  std::map<Timeout, Callback> timers_;
  std::uint64_t last_number_ = 0;
};
// [/timers]

}  // namespace mini
