#include "loop/timer_heap.h"

#include <algorithm>

namespace tornado::ioloop::detail {

void TimerHeap::push(double deadline, core::Ref<core::Timer> timer) {
  const Entry entry{deadline, next_sequence_++, timer.get()};
  timer->deadline_ = deadline;
  entries_.push_back(entry);
  timer.detach();
  sift_up(entries_.size() - 1, entry);
}

core::Ref<core::Timer> TimerHeap::pop() {
  auto timer = core::Ref<core::Timer>::adopt(entries_.front().timer);
  take_out(0);
  return timer;
}

core::Timer* TimerHeap::pop_due(double now) {
  core::Timer* first = nullptr;
  for (core::Timer** end = &first; !empty() && earliest() <= now; end = &(*end)->next_due_) {
    *end = pop().detach();
  }
  return first;
}

void TimerHeap::remove(core::Timer& timer) {
  if (timer.index_ == core::Timer::kOutside) return;
  const auto held = core::Ref<core::Timer>::adopt(&timer);
  take_out(timer.index_);
}

void TimerHeap::place(std::size_t index, const Entry& entry) noexcept {
  entries_[index] = entry;
  entry.timer->index_ = static_cast<std::uint32_t>(index);
}

void TimerHeap::sift_up(std::size_t index, const Entry& entry) noexcept {
  while (index > 0) {
    const std::size_t parent = (index - 1) / kChildren;
    if (!(entry < entries_[parent])) break;
    place(index, entries_[parent]);
    index = parent;
  }
  place(index, entry);
}

void TimerHeap::sift_down(std::size_t index, const Entry& entry) noexcept {
  for (;;) {
    std::size_t child = kChildren * index + 1;
    if (child >= entries_.size()) break;
    const std::size_t end = std::min(child + kChildren, entries_.size());
    for (std::size_t other = child + 1; other < end; ++other) {
      if (entries_[other] < entries_[child]) child = other;
    }
    if (!(entries_[child] < entry)) break;
    place(index, entries_[child]);
    index = child;
  }
  place(index, entry);
}

void TimerHeap::take_out(std::size_t index) noexcept {
  entries_[index].timer->index_ = core::Timer::kOutside;
  const Entry last = entries_.back();
  entries_.pop_back();
  if (index == entries_.size()) return;
  if (index > 0 && last < entries_[(index - 1) / kChildren]) {
    sift_up(index, last);
  } else {
    sift_down(index, last);
  }
}

}  // namespace tornado::ioloop::detail
