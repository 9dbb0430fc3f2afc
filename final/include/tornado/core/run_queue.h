// Internal header: items that an event loop runs, and the queue they wait in.
#pragma once

#include <cstddef>

namespace tornado::core {

class RunQueue;

// An item to run once on a loop's thread: a callback, or a coroutine to resume. It is in at most
// one RunQueue; the link is part of the object, so queueing never allocates.
class Runnable {
 public:
  Runnable() = default;
  Runnable(const Runnable&) = delete;
  Runnable& operator=(const Runnable&) = delete;

  // Does the work. Called at most once after each push; the object may be destroyed when it
  // returns.
  virtual void run() = 0;

  // Called instead if the loop closes. Frees the object if the queue owned it.
  virtual void discard() noexcept = 0;

 protected:
  virtual ~Runnable() = default;

 private:
  friend class RunQueue;
  Runnable* next_ = nullptr;
};

// An item that belongs to the queue it is in. Overrides of run() free it as well.
class OwnedRunnable : public Runnable {
 public:
  void run() override { delete this; }
  void discard() noexcept final { delete this; }
};

// First in, first out; intrusive; one thread at a time.
class RunQueue {
 public:
  RunQueue() = default;
  RunQueue(const RunQueue&) = delete;
  RunQueue& operator=(const RunQueue&) = delete;

  bool empty() const noexcept { return head_ == nullptr; }
  bool has_several() const noexcept { return head_ != tail_; }
  // Linear; for a loop's probe.
  std::size_t count() const noexcept {
    std::size_t count = 0;
    for (const Runnable* at = head_; at != nullptr; at = at->next_) ++count;
    return count;
  }

  void push_back(Runnable& item) noexcept {
    item.next_ = nullptr;
    *(tail_ != nullptr ? &tail_->next_ : &head_) = &item;
    tail_ = &item;
  }

  // Removes and returns the first item, or null. The item may be queued again.
  Runnable* pop_front() noexcept {
    Runnable* item = head_;
    if (item != nullptr) {
      head_ = item->next_;
      if (head_ == nullptr) tail_ = nullptr;
      item->next_ = nullptr;
    }
    return item;
  }

  // Appends all items of `other`, which is then empty.
  void splice_back(RunQueue& other) noexcept {
    if (other.head_ == nullptr) return;
    *(tail_ != nullptr ? &tail_->next_ : &head_) = other.head_;
    tail_ = other.tail_;
    other.head_ = other.tail_ = nullptr;
  }

  // Removes `item`, wherever it is. Linear; for teardown only.
  void remove(Runnable& item) noexcept {
    Runnable* before = nullptr;
    for (Runnable* at = head_; at != nullptr; before = at, at = at->next_) {
      if (at != &item) continue;
      *(before != nullptr ? &before->next_ : &head_) = at->next_;
      if (tail_ == at) tail_ = before;
      at->next_ = nullptr;
      return;
    }
  }

 private:
  Runnable* head_ = nullptr;
  Runnable* tail_ = nullptr;
};

// A node of a circular list that can remove itself. A list's head is a hook too, linked to itself
// when the list is empty.
class ListHook {
 public:
  ListHook() noexcept : prev_(this), next_(this) {}
  ListHook(const ListHook&) = delete;
  ListHook& operator=(const ListHook&) = delete;
  ~ListHook() { unlink(); }

  bool linked() const noexcept { return next_ != this; }
  ListHook* next() const noexcept { return next_; }
  ListHook* previous() const noexcept { return prev_; }

  void unlink() noexcept {
    prev_->next_ = next_;
    next_->prev_ = prev_;
    prev_ = next_ = this;
  }

  // Moves the node to the end of the list whose head is `head`, from wherever it was.
  void link_before(ListHook& head) noexcept {
    unlink();
    prev_ = head.prev_;
    next_ = &head;
    prev_->next_ = this;
    head.prev_ = this;
  }
  // The same for the beginning of the list.
  void link_after(ListHook& head) noexcept {
    unlink();
    prev_ = &head;
    next_ = head.next_;
    next_->prev_ = this;
    head.next_ = this;
  }

 private:
  ListHook* prev_;
  ListHook* next_;
};

}  // namespace tornado::core
