// Internal header: what an event loop runs, and the queue it waits in.
#pragma once

#include <cstddef>

namespace tornado::core {

class RunQueue;

// One thing to run once on a loop's thread: a callback, or a coroutine to resume. It stands in at
// most one RunQueue; the link lives in the object, so queueing never allocates.
class Runnable {
 public:
  Runnable() = default;
  Runnable(const Runnable&) = delete;
  Runnable& operator=(const Runnable&) = delete;

  // Does the work. Called at most once after each push; the object may be gone when it returns.
  virtual void run() = 0;

  // The loop closes and will never run this. Frees the object where the queue owned it.
  virtual void discard() noexcept = 0;

 protected:
  virtual ~Runnable() = default;

 private:
  friend class RunQueue;
  Runnable* next_ = nullptr;
};

// First in, first out; intrusive; one thread at a time.
class RunQueue {
 public:
  RunQueue() = default;
  RunQueue(const RunQueue&) = delete;
  RunQueue& operator=(const RunQueue&) = delete;

  bool empty() const noexcept { return head_ == nullptr; }
  bool has_several() const noexcept { return head_ != tail_; }

  void push_back(Runnable& item) noexcept {
    item.next_ = nullptr;
    *(tail_ != nullptr ? &tail_->next_ : &head_) = &item;
    tail_ = &item;
  }

  // The first item, or null. The item may be queued again.
  Runnable* pop_front() noexcept {
    Runnable* item = head_;
    if (item != nullptr) {
      head_ = item->next_;
      if (head_ == nullptr) tail_ = nullptr;
      item->next_ = nullptr;
    }
    return item;
  }

  // Moves all of `other` behind what is here.
  void splice_back(RunQueue& other) noexcept {
    if (other.head_ == nullptr) return;
    *(tail_ != nullptr ? &tail_->next_ : &head_) = other.head_;
    tail_ = other.tail_;
    other.head_ = other.tail_ = nullptr;
  }

  // Takes `item` out, wherever it stands. Linear; for teardown only.
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

// A node of a circular list that can take itself out. A list's head is a hook too, linked to itself
// when empty.
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

  // Stands at the end of the list whose head is `head`, wherever it stood before.
  void link_before(ListHook& head) noexcept {
    unlink();
    prev_ = head.prev_;
    next_ = &head;
    prev_->next_ = this;
    head.prev_ = this;
  }
  // The same at its beginning.
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
