// Internal header: the waiters of a queue or a lock, in order of arrival. Implemented in
// loop/wait_list.cc.
#pragma once

#include <tornado/concurrent.h>
#include <tornado/ioloop.h>

#include <cstddef>
#include <limits>
#include <type_traits>
#include <utility>

namespace tornado::core {

// A time limit: seconds on the clock of IOLoop::time(), a std::chrono duration from now, or none.
class Deadline {
 public:
  constexpr Deadline() = default;
  // Throws std::invalid_argument as require_plausible() does.
  Deadline(double time) : seconds_(time) { require_plausible(time); }
  template <Duration D>
  constexpr Deadline(const D& from_now) : seconds_(to_seconds(from_now)), relative_(true) {}

  // False: no limit.
  bool set() const noexcept { return seconds_ != std::numeric_limits<double>::infinity(); }
  double on(const ioloop::IOLoop& loop) const {
    return relative_ ? loop.time() + seconds_ : seconds_;
  }

 private:
  double seconds_ = std::numeric_limits<double>::infinity();
  bool relative_ = false;
};

// One waiter. Shared by its list, which adopts a reference, and its timer.
class Waiting : public Counted, public Pooled, public ListHook {
 public:
  // Returns true if nobody can ask for the result any more. An item then goes to the next waiter.
  virtual bool gone() const = 0;
  // Called at the time limit.
  virtual void expire() = 0;
  // Called when the object it waits for is destroyed.
  virtual void cancel() = 0;

 private:
  friend class WaitList;
  ioloop::IOLoop* loop_ = nullptr;  // the timer's
  ioloop::Timeout timer_;
};

// Waiters in order of arrival. One loop's thread. Cancelled or timed-out waiters leave the list.
// Destroying the list makes the remaining waiters fail with CancelledError.
class WaitList {
 public:
  WaitList() = default;
  WaitList(const WaitList&) = delete;
  WaitList& operator=(const WaitList&) = delete;
  ~WaitList();

  void add(const Ref<Waiting>& waiting, const Deadline& deadline);
  // Does nothing if it is no longer in the list.
  void forget(Waiting& waiting);
  // Removes and returns the first waiter that is not gone; null if there is none.
  Ref<Waiting> next();
  // Returns the number of entries, including gone waiters not yet found.
  std::size_t size() const noexcept { return size_; }

  // Gone waiters are swept out when the list reaches this size, or twice the size that the last
  // sweep left.
  static constexpr std::size_t kFirstSweep = 64;

 private:
  void remove(Waiting& waiting);
  void sweep();

  ListHook head_;
  std::size_t size_ = 0;
  std::size_t sweep_at_ = kFirstSweep;
};

// The usual waiter: a future of the item it waits for.
template <class T, class Base = Waiting>
class FutureWaiting : public Base {
 public:
  const Future<T>& future() const noexcept { return future_; }
  bool gone() const override { return !awaited(future_); }
  void expire() override { future_.set_exception(ioloop::TimeoutError()); }
  void cancel() override { future_.cancel(); }

 private:
  Future<T> future_;
};

// Adds a waiter to the list and returns its future. Cancelling that removes the waiter.
template <class W>
auto wait_in(WaitList& list, const Ref<W>& waiting, const Deadline& deadline) {
  auto future = waiting->future();
  list.add(waiting, deadline);
  // A waiter that has left the list is done, or is destroyed with its future.
  future.on_cancel([&list, left = waiting.get()] { list.forget(*left); });
  return future;
}

// Checks a count given by a user: throws std::invalid_argument if it is negative.
[[noreturn]] void throw_negative(const char* name);
template <class I>
std::size_t not_negative(I count, const char* name) {
  static_assert(std::is_integral_v<I>);
  if constexpr (std::is_signed_v<I>) {
    if (count < 0) throw_negative(name);
  }
  return static_cast<std::size_t>(count);
}

}  // namespace tornado::core
