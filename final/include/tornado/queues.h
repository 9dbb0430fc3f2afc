// Public header: queues between the coroutines of one loop. Mirrors tornado.queues.
//
// Not thread-safe: from another thread, call loop->add_callback([&] { queue.put_nowait(..); }).
#pragma once

#include <tornado/concurrent.h>
#include <tornado/core/wait_list.h>
#include <tornado/locks.h>

#include <deque>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

namespace tornado::queues {

// Thrown by get_nowait() if the queue is empty.
class QueueEmpty : public std::runtime_error {
 public:
  QueueEmpty() : std::runtime_error("the queue is empty") {}
};

// Thrown by put_nowait() if the queue is full.
class QueueFull : public std::runtime_error {
 public:
  QueueFull() : std::runtime_error("the queue is full") {}
};

// The error of put() after shutdown(), and of get() once no items are left after it.
class QueueShutDown : public std::runtime_error {
 public:
  QueueShutDown() : std::runtime_error("the queue is shut down") {}
};

// ---- order of the items ------------------------------------------------------------------------

// First in, first out.
template <class T>
class Fifo {
 public:
  // Return the number of items; add one; remove and return the next one, which must exist.
  std::size_t size() const noexcept { return items_.size(); }
  void push(T item) { items_.push_back(std::move(item)); }
  T pop() {
    T item = std::move(items_.front());
    items_.pop_front();
    return item;
  }

 private:
  std::deque<T> items_;
};

// Last in, first out.
template <class T>
class Lifo {
 public:
  // Return the number of items; add one; remove and return the next one, which must exist.
  std::size_t size() const noexcept { return items_.size(); }
  void push(T item) { items_.push_back(std::move(item)); }
  T pop() {
    T item = std::move(items_.back());
    items_.pop_back();
    return item;
  }

 private:
  std::vector<T> items_;
};

// Lowest first, as defined by `less(a, b)`; equal items in order of arrival.
template <class T, class Less>
class Heap {
 public:
  Heap() = default;
  explicit Heap(Less less) : less_(std::move(less)) {}
  // Returns the number of items.
  std::size_t size() const noexcept { return entries_.size(); }

  // Adds an item, in logarithmic time.
  void push(T item) {
    entries_.push_back(Entry(std::move(item), arrivals_++));
    for (std::size_t at = entries_.size() - 1; at > 0;) {
      const std::size_t parent = (at - 1) / 2;
      if (!before(at, parent)) break;
      std::swap(entries_[at], entries_[parent]);
      at = parent;
    }
  }

  // Removes the lowest item and returns it, in logarithmic time. There must be one.
  T pop() {
    T item = std::move(entries_.front().item);
    if (entries_.size() > 1) entries_.front() = std::move(entries_.back());
    entries_.pop_back();
    for (std::size_t at = 0;;) {
      std::size_t child = 2 * at + 1;
      if (child >= entries_.size()) break;
      if (child + 1 < entries_.size() && before(child + 1, child)) ++child;
      if (!before(child, at)) break;
      std::swap(entries_[at], entries_[child]);
      at = child;
    }
    return item;
  }

 private:
  struct Entry {
    Entry(T made, std::uint64_t number) : item(std::move(made)), arrival(number) {}
    T item;
    std::uint64_t arrival;
  };
  bool before(std::size_t left, std::size_t right) const {
    const Entry& a = entries_[left];
    const Entry& b = entries_[right];
    if (less_(a.item, b.item)) return true;
    return !less_(b.item, a.item) && a.arrival < b.arrival;
  }

  [[no_unique_address]] Less less_;
  std::vector<Entry> entries_;
  std::uint64_t arrivals_ = 0;
};

// `a < b`: for tuples and pairs that compares the first element, then the second.
struct Lowest {
  // Returns whether `a` comes before `b`.
  template <class T>
  bool operator()(const T& a, const T& b) const {
    return a < b;
  }
};

// ---- waiters of a queue ------------------------------------------------------------------------

namespace detail {

// Waits for an item.
template <class T>
class Getting : public core::Waiting {
 public:
  virtual void give(T item) = 0;
  // Called when no more items will come.
  virtual void end() = 0;
};

// For get() the result is a T; for next() it is an optional, empty at the end.
template <class T, class Result>
class GettingAs final : public core::FutureWaiting<Result, Getting<T>> {
 public:
  void give(T item) override { this->future().set_result(std::move(item)); }
  void end() override {
    if constexpr (std::is_same_v<Result, T>) {
      this->future().set_exception(QueueShutDown());
    } else {
      this->future().set_result(std::nullopt);
    }
  }
};

// Waits for room. A put() counts even if nobody keeps its future.
template <class T>
class Putting final : public core::FutureWaiting<void> {
 public:
  explicit Putting(T made) : item(std::move(made)) {}
  bool gone() const override { return future().done(); }
  T item;
};

}  // namespace detail

// ---- the queues ---------------------------------------------------------------------------------

// A queue between coroutines, with a bound if wanted. get() waits while it is empty, put() while it
// is full. Waiters are served in order of arrival. (queues.Queue)
//
// T may be move-only. `Order` decides which item comes next: a class like Fifo.
//
// A `timeout` is in seconds on the clock of IOLoop::time(), or a std::chrono duration from now. The
// default is to wait without limit. No item is given to a get() that has timed out, was cancelled,
// or whose future nobody holds any more: the next get() receives it. This is not true of
// gen::with_timeout around get(), because there the get() stays in the queue after the timeout and
// takes an item that nobody will see.
//
// Destroying the queue destroys its items; all waiters fail with CancelledError.
template <class T, class Order = Fifo<T>>
class Queue {
 public:
  // Holds at most `maxsize` items; 0, the default: no limit. Throws std::invalid_argument if it is
  // negative.
  Queue() { finished_.set(); }
  template <class I>
    requires std::is_integral_v<I>
  explicit Queue(I maxsize, Order order = Order())
      : maxsize_(core::not_negative(maxsize, "maxsize")), items_(std::move(order)) {
    finished_.set();
  }
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;
  ~Queue() = default;

  // Returns how many items fit in; 0: no limit. (maxsize)
  std::size_t maxsize() const noexcept { return maxsize_; }
  // Return the number of items in the queue, whether it is 0, and whether it is maxsize. Items of
  // waiting put() calls do not count.
  std::size_t qsize() const noexcept { return items_.size(); }
  bool empty() const noexcept { return qsize() == 0; }
  bool full() const noexcept { return maxsize_ != 0 && qsize() >= maxsize_; }

  // Puts `item` in as soon as there is room. Awaiting the future is optional; it completes when the
  // item is in. Fails with gen::TimeoutError, which drops the item, or with QueueShutDown. With g++
  // 12, give an aggregate a name first: `co_await queue.put(std::move(job))`, not `put(Job{..})`.
  Future<void> put(T item, core::Deadline timeout = {}) {
    if (!shut_down_ && full()) {
      using Putting = detail::Putting<T>;
      const core::Ref<Putting> putting(new Putting(std::move(item)));
      return wait_in(putting_, putting, timeout);
    }
    Future<void> done;
    if (shut_down_) {
      done.set_exception(QueueShutDown());
    } else {
      insert(std::move(item));
      done.set_result();
    }
    return done;
  }

  // Puts `item` in now. Throws QueueFull or QueueShutDown, and then has not moved from `item`.
  template <class U = T>
    requires std::is_constructible_v<T, U&&>
  void put_nowait(U&& item) {
    if (shut_down_) throw QueueShutDown();
    if (full()) throw QueueFull();
    insert(T(std::forward<U>(item)));
  }

  // Returns the next item, after waiting for one if necessary. Fails with gen::TimeoutError or
  // QueueShutDown.
  Future<T> get(core::Deadline timeout = {}) { return get_as<T>(timeout); }

  // Returns the next item now. Throws QueueEmpty or QueueShutDown.
  T get_nowait() {
    if (!empty()) return take();
    if (shut_down_) throw QueueShutDown();
    throw QueueEmpty();
  }

  // Returns the next item, or nullopt once the queue is shut down and empty:
  //
  //   while (auto item = co_await queue.next()) { .. *item ..; }
  //
  // Tornado's `async for item in queue` never ends; this loop ends after shutdown().
  Future<std::optional<T>> next(core::Deadline timeout = {}) {
    return get_as<std::optional<T>>(timeout);
  }

  // Closes the queue to new items; waiting put() calls fail. Items already in it can still be
  // taken. After them get() fails with QueueShutDown and next() returns nullopt.
  // (asyncio.Queue.shutdown; not in Tornado)
  void shutdown() {
    shut_down_ = true;
    while (const auto first = putting_.next()) {
      static_cast<detail::Putting<T>&>(*first).future().set_exception(QueueShutDown());
    }
    while (const auto first = getting_.next()) static_cast<detail::Getting<T>&>(*first).end();
  }

  // Marks one item as processed. join() needs one call for each item. Throws std::invalid_argument
  // if it is called more often than items were put (ValueError).
  void task_done() {
    if (unfinished_ == 0) throw std::invalid_argument("task_done() called too many times");
    if (--unfinished_ == 0) finished_.set();
  }

  // Waits until task_done() was called for every item. Fails with gen::TimeoutError.
  Future<void> join(core::Deadline timeout = {}) { return finished_.wait(timeout); }

 private:
  // Requires room, which implies that no put() waits.
  void insert(T item) {
    ++unfinished_;
    finished_.clear();
    items_.push(std::move(item));
    if (const auto first = getting_.next()) {
      static_cast<detail::Getting<T>&>(*first).give(items_.pop());
    }
  }

  // Requires an item, which implies that no get() waits. The first waiting put() is admitted before
  // an item is taken, as in Tornado, so its item may be the next one.
  T take() {
    if (const auto first = putting_.next()) {
      auto& putting = static_cast<detail::Putting<T>&>(*first);
      insert(std::move(putting.item));
      putting.future().set_result();
    }
    return items_.pop();
  }

  template <class Result>
  Future<Result> get_as(core::Deadline timeout) {
    using Getting = detail::GettingAs<T, Result>;
    if (empty() && !shut_down_) {
      return wait_in(getting_, core::Ref<Getting>(new Getting), timeout);
    }
    Getting at_once;
    auto future = at_once.future();
    if (empty()) {
      at_once.end();
    } else {
      at_once.give(take());
    }
    return future;
  }

  std::size_t maxsize_ = 0;
  Order items_;
  std::size_t unfinished_ = 0;
  bool shut_down_ = false;
  locks::Event finished_;
  core::WaitList getting_;
  core::WaitList putting_;
};

// Returns the lowest item first, as defined by `Less`; equal items in order of arrival. Items are
// often pairs of a priority and a value. (queues.PriorityQueue)
template <class T, class Less = Lowest>
using PriorityQueue = Queue<T, Heap<T, Less>>;

// Returns the newest item first. (queues.LifoQueue)
template <class T>
using LifoQueue = Queue<T, Lifo<T>>;

}  // namespace tornado::queues
