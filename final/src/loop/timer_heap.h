// Internal header: the timers of a loop, earliest first.
#pragma once

#include <tornado/core/runtime.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tornado::ioloop::detail {

// One timer. Reference-counted: the heap holds it until it fires or is removed, and each
// ioloop::Timeout holds it too.
class TimerNode : public core::Pooled {
 public:
  static constexpr std::size_t kOutside = static_cast<std::size_t>(-1);

  explicit TimerNode(core::Runnable& callback) : callback_(&callback) {}
  TimerNode(const TimerNode&) = delete;
  TimerNode& operator=(const TimerNode&) = delete;

  void retain() noexcept { ++references_; }
  void release() noexcept {
    if (--references_ == 0) delete this;
  }
  bool pending() const noexcept { return callback_ != nullptr; }

  // Takes the callback, which then belongs to the caller. Null if it fired or was removed.
  core::Runnable* take() noexcept { return std::exchange(callback_, nullptr); }

  // For a loop's probe. As it was pushed.
  double deadline() const noexcept { return deadline_; }

  // Returns the next timer in a batch of TimerHeap::pop_due().
  TimerNode* next_due() const noexcept { return next_due_; }

 private:
  friend class TimerHeap;
  ~TimerNode() {
    if (callback_ != nullptr) callback_->discard();
  }

  core::Runnable* callback_;
  double deadline_ = 0;
  TimerNode* next_due_ = nullptr;
  std::size_t index_ = kOutside;  // its place in the heap
  std::uint32_t references_ = 0;
};

// A heap ordered by deadline, then by age, with four children per node. It is half as deep as a
// binary heap, so a change moves half as many nodes, which are cold in the cache if there are
// thousands of timers. Each node knows its place, so removing one is O(log n) and leaves nothing
// behind.
class TimerHeap {
 public:
  bool empty() const noexcept { return entries_.empty(); }
  std::size_t size() const noexcept { return entries_.size(); }
  double earliest() const noexcept { return entries_.front().deadline; }

  // Takes over the caller's reference.
  void push(double deadline, TimerNode& node);
  // Removes the earliest timer. The reference passes to the caller.
  TimerNode& pop();
  // Removes all timers due at `now` and links them by next_due(), earliest first. The references
  // pass to the caller. Null if none is due.
  TimerNode* pop_due(double now);
  // Removes a timer; the reference passes to the caller. Returns false if it is not in the heap.
  bool remove(TimerNode& node);

 private:
  static constexpr std::size_t kChildren = 4;

  struct Entry {
    double deadline;
    std::uint64_t sequence;
    TimerNode* node;

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
