#include "loop/timer_heap.h"

#include <algorithm>

namespace tornado::ioloop::detail {

void TimerHeap::push(double deadline, TimerNode& node) {
  const Entry entry{deadline, next_sequence_++, &node};
  node.deadline_ = deadline;
  entries_.push_back(entry);
  sift_up(entries_.size() - 1, entry);
}

TimerNode& TimerHeap::pop() {
  TimerNode& node = *entries_.front().node;
  take_out(0);
  return node;
}

TimerNode* TimerHeap::pop_due(double now) {
  TimerNode* first = nullptr;
  for (TimerNode** end = &first; !empty() && earliest() <= now; end = &(*end)->next_due_) {
    *end = &pop();
  }
  return first;
}

bool TimerHeap::remove(TimerNode& node) {
  if (node.index_ == TimerNode::kOutside) return false;
  take_out(node.index_);
  return true;
}

void TimerHeap::place(std::size_t index, const Entry& entry) noexcept {
  entries_[index] = entry;
  entry.node->index_ = index;
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
  entries_[index].node->index_ = TimerNode::kOutside;
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
