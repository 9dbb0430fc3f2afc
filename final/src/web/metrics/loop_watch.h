// Internal header: sums up what a loop reports to its probe.
#pragma once

#include <prometheus/histogram.h>
#include <tornado/loop_probe.h>

#include <cstdint>

namespace tornado::metrics {

// Plain numbers, because everything happens on the loop's thread: a record costs a few
// instructions.
class LoopWatch final : public ioloop::LoopProbe {
 public:
  // Adds to `timer_lag`, in seconds, how late each timer is.
  explicit LoopWatch(prometheus::Histogram& timer_lag) : timer_lag_(timer_lag) {}

  void record(const ioloop::LoopRecord& record) noexcept override;
  // Returns the longest turn since the last call: the longest time between two waits of the poller.
  std::uint64_t take_longest_turn_ns() noexcept;

  std::uint64_t iterations = 0;
  std::uint64_t busy_ns = 0;   // outside of the poller
  std::int64_t suspended = 0;  // coroutines that wait
  std::int64_t jobs = 0;       // of executors: queued, running, or with a result to be fetched

 private:
  prometheus::Histogram& timer_lag_;
  std::uint64_t woken_ns_ = 0;  // when the poller returned; 0: it has not yet
  std::uint64_t longest_turn_ns_ = 0;
};

}  // namespace tornado::metrics
