#include <tornado/loop_probe.h>

#include <algorithm>
#include <bit>

namespace tornado::ioloop {

RecordRing::RecordRing(std::size_t capacity)
    : mask_(std::bit_ceil(std::max<std::size_t>(capacity, 1)) - 1),
      records_(new LoopRecord[mask_ + 1]) {}

RecordRing::~RecordRing() {
  delete[] records_;
}

// One thread writes and one takes, so each counter has one writer. The release of a counter makes
// the records before it visible, or their places free, to the other side.
void RecordRing::record(const LoopRecord& record) noexcept {
  const std::uint64_t at = written_.load(std::memory_order_relaxed);
  if (at - taken_.load(std::memory_order_acquire) > mask_) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  records_[at & mask_] = record;
  written_.store(at + 1, std::memory_order_release);
}

std::size_t RecordRing::take(LoopRecord* to, std::size_t most) noexcept {
  const std::uint64_t from = taken_.load(std::memory_order_relaxed);
  const std::uint64_t there = written_.load(std::memory_order_acquire) - from;
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(there, most));
  for (std::size_t i = 0; i < count; ++i) to[i] = records_[(from + i) & mask_];
  taken_.store(from + count, std::memory_order_release);
  return count;
}

}  // namespace tornado::ioloop
