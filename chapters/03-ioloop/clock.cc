#include "03-ioloop/clock.h"

#include <chrono>

namespace mini {

// [now]
double Clock::now() {
  const auto since_start = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(since_start).count();
}
// [/now]

Clock& real_clock() {
  static Clock clock;
  return clock;
}

}  // namespace mini
