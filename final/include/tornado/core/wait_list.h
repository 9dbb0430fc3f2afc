// Internal header: those who wait for a queue or a lock, in the order they came. Implemented in
// loop/wait_list.cc.
#pragma once

#include <tornado/concurrent.h>
#include <tornado/ioloop.h>

#include <cstddef>
#include <limits>
#include <type_traits>
#include <utility>

namespace tornado::core {

// How long to wait: seconds as IOLoop::time() counts them, a std::chrono duration from now, or
// without end.
class Deadline {
 public:
  constexpr Deadline() = default;
  constexpr Deadline(double time) : seconds_(time) {}
  template <Duration D>
  constexpr Deadline(const D& from_now) : seconds_(to_seconds(from_now)), relative_(true) {}

  // False: without end.
  bool set() const noexcept { return seconds_ != std::numeric_limits<double>::infinity(); }
  double on(const ioloop::IOLoop& loop) const {
    return relative_ ? loop.time() + seconds_ : seconds_;
  }

 private:
  double seconds_ = std::numeric_limits<double>::infinity();
  bool relative_ = false;
};

// One who waits. Its list shares it with its timer.
class Waiting : public Counted, public Pooled, public ListHook {
 public:
  // Nobody is left to ask for the result. What comes is for the next one then.
  virtual bool gone() const = 0;
  // Its time is up.
  virtual void expire() = 0;
  // What it waits for is destroyed.
  virtual void cancel() = 0;

 private:
  friend class WaitList;
  ioloop::IOLoop* loop_ = nullptr;  // of the timer
  ioloop::Timeout timer_;
};

// First come, first served. One loop's thread. Who is cancelled or has timed out stands here no
// longer. Whoever waits when the list is destroyed gets CancelledError.
class WaitList {
 public:
  WaitList() = default;
  WaitList(const WaitList&) = delete;
  WaitList& operator=(const WaitList&) = delete;
  ~WaitList();

  void add(const Ref<Waiting>& waiting, const Deadline& deadline);
  // Silent if it does not stand here any more.
  void forget(Waiting& waiting);
  // Takes out the first that is not gone; null if nobody waits.
  Ref<Waiting> next();
  // How many stand here, with those who are gone and were not yet found.
  std::size_t size() const noexcept { return size_; }

  // Those who are gone are swept out when the list has grown to this size, or to twice what the
  // last sweep left.
  static constexpr std::size_t kFirstSweep = 64;

 private:
  void remove(Waiting& waiting);
  void sweep();

  ListHook head_;
  std::size_t size_ = 0;
  std::size_t sweep_at_ = kFirstSweep;
};

// The usual one: a future with what is waited for.
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

// Puts one more into the list and gives what it waits for. Cancelling that takes it out again.
template <class W>
auto wait_in(WaitList& list, const Ref<W>& waiting, const Deadline& deadline) {
  auto future = waiting->future();
  list.add(waiting, deadline);
  // Who has left the list is done, or goes with its future.
  future.on_cancel([&list, left = waiting.get()] { list.forget(*left); });
  return future;
}

// A count that a user gave: throws std::invalid_argument if it is negative.
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
