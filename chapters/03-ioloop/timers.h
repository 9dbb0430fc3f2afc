// Functions to call at a certain time, in the order of that time. Knows no clock and no loop.
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
// Names a timer. The number keeps two timers of the same moment apart, and in the order in which
// they were made.
struct Timeout {
  double deadline = 0;
  std::uint64_t number = 0;  // 0: no timer
  auto operator<=>(const Timeout&) const = default;
};
// [/timeout]

// [timers]
class Timers {
 public:
  // Throws std::invalid_argument if the deadline is not a number: it could not be put in order.
  Timeout add(double deadline, Callback callback);
  // No harm if it has run, or was removed before.
  void remove(const Timeout& timeout) { timers_.erase(timeout); }

  // The earliest deadline. Nothing if there is no timer.
  std::optional<double> next_deadline() const;
  // Those whose deadline has come, earliest first. They stay until they are taken.
  std::vector<Timeout> due(double now) const;
  // Hands out the callback. Nothing if the timer was removed meanwhile.
  std::optional<Callback> take(const Timeout& timeout);

 private:
  std::map<Timeout, Callback> timers_;
  std::uint64_t last_number_ = 0;
};
// [/timers]

}  // namespace mini
