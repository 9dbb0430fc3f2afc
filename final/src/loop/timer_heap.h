// Internal header: the timers of a loop, earliest first.
#pragma once

#include <tornado/core/loop_items.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tornado::ioloop::detail {

// A heap ordered by deadline, then by age, with four children per node. It is half as deep as a
// binary heap, so a change moves half as many nodes, which are cold in the cache if there are
// thousands of timers. Each node knows its place, so removing one is O(log n) and leaves nothing
// behind.
class TimerHeap {
 public:
  bool empty() const noexcept { return entries_.empty(); }
  std::size_t size() const noexcept { return entries_.size(); }
  double earliest() const noexcept { return entries_.front().deadline; }

  void push(double deadline, core::Ref<core::Timer> timer);
  // Removes the earliest timer.
  core::Ref<core::Timer> pop();
  // Removes all timers due at `now` and links them by next_due(), earliest first. The caller adopts
  // the reference to each. Null if none is due.
  core::Timer* pop_due(double now);
  // Does nothing if the timer is not in the heap.
  void remove(core::Timer& timer);

 private:
  static constexpr std::size_t kChildren = 4;

  struct Entry {
    double deadline;
    std::uint64_t sequence;
    core::Timer* timer;  // a reference: an Entry moves too often for a Ref

    bool operator<(const Entry& other) const noexcept {
      return deadline != other.deadline ? deadline < other.deadline : sequence < other.sequence;
    }
  };

  void place(std::size_t index, const Entry& entry) noexcept;
  void sift_up(std::size_t index, const Entry& entry) noexcept;
  void sift_down(std::size_t index, const Entry& entry) noexcept;
  void take_out(std::size_t index) noexcept;

  std::vector<Entry> entries_;
  std::uint64_t next_sequence_ = 0;
};

}  // namespace tornado::ioloop::detail
