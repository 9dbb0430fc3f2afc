#include "web/metrics/loop_watch.h"

#include <algorithm>
#include <utility>

namespace tornado::metrics {

void LoopWatch::record(const ioloop::LoopRecord& record) noexcept {
  using ioloop::RecordKind;
  switch (record.kind) {
    case RecordKind::kIteration:
      ++iterations;
      return;
    case RecordKind::kSleep:
      if (woken_ns_ != 0) {
        const std::uint64_t turn = record.start_ns - woken_ns_;
        busy_ns += turn;
        longest_turn_ns_ = std::max(longest_turn_ns_, turn);
      }
      woken_ns_ = record.start_ns + record.duration_ns;
      return;
    case RecordKind::kTimerFired:
      timer_lag_.Observe(static_cast<double>(record.duration_ns) * 1e-9);
      return;
    case RecordKind::kSuspend:
      ++suspended;
      return;
    case RecordKind::kResume:
      --suspended;
      return;
    case RecordKind::kPoolQueued:
      ++jobs;
      return;
    case RecordKind::kPoolRan:
      --jobs;
      return;
    default:
      return;
  }
}

std::uint64_t LoopWatch::take_longest_turn_ns() noexcept {
  return std::exchange(longest_turn_ns_, 0);
}

}  // namespace tornado::metrics
