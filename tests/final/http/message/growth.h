// Internal header. Distinguishes linear from quadratic time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <ctime>

namespace tornado::test {

inline double thread_cpu_seconds() {
  std::timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// Returns the CPU time of work(make(32 * size)) divided by that of work(make(size)): about 32 if it
// is linear, 1024 if quadratic. Takes the least of several runs, because the machine's other work
// only adds.
template <class Make, class Work>
double growth(const Make& make, const Work& work, std::size_t size) {
  const auto seconds = [&work](const auto& input) {
    double best = 1e9;
    for (int run = 0; run < 3; ++run) {
      const double begin = thread_cpu_seconds();
      work(input);
      best = std::min(best, thread_cpu_seconds() - begin);
    }
    return best;
  };
  const auto small = make(size);
  const auto large = make(32 * size);
  return seconds(large) / seconds(small);
}

// Between the two, far from both.
inline constexpr double kLinearGrowth = 200;

}  // namespace tornado::test
