#include "03-ioloop/timers.h"

#include <cmath>
#include <stdexcept>

namespace mini {

Timeout Timers::add(double deadline, Callback callback) {
  if (std::isnan(deadline)) throw std::invalid_argument("a timer's deadline is not a number");
  const Timeout timeout{deadline, ++last_number_};
  timers_.emplace(timeout, std::move(callback));
  return timeout;
}

std::optional<double> Timers::next_deadline() const {
  if (timers_.empty()) return std::nullopt;
  return timers_.begin()->first.deadline;
}

// [due]
std::vector<Timeout> Timers::due(double now) const {
  std::vector<Timeout> due;
  for (const auto& [timeout, callback] : timers_) {
    if (timeout.deadline > now) break;
    due.push_back(timeout);
  }
  return due;
}

std::optional<Callback> Timers::take(const Timeout& timeout) {
  auto node = timers_.extract(timeout);
  if (node.empty()) return std::nullopt;
  return std::move(node.mapped());
}
// [/due]

}  // namespace mini
