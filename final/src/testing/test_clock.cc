#include "testing/test_clock.h"

#include <poll.h>

#include <chrono>

namespace tornado::testing {
namespace {

double real_time() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

}  // namespace

void TestClock::limit(double seconds) {
  end_ = now_ + kFar;
  real_end_ = real_time() + seconds;
  limited_ = true;
  passed_ = false;
}

bool TestClock::skip(double seconds) {
  if (!limited_) {
    now_ += seconds;
  } else if (real_time() >= real_end_) {
    passed_ = true;
    now_ = end_;
  } else if (now_ + seconds < end_ - 1) {
    now_ += seconds;
  } else {
    // Nothing but the end is left to wait for. If anything wakes the loop, it is another thread.
    ::poll(nullptr, 0, 1);
  }
  return true;
}

}  // namespace tornado::testing
