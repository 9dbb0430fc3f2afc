// Public header: what coroutines of one loop wait for, and take turns with. Mirrors tornado.locks.
//
// Nothing here is thread-safe: it makes the coroutines of one thread wait for each other, not
// threads. All of it is first come, first served. Waiters that were cancelled, or whose future
// nobody holds any more, are passed over. Destroying one of these while somebody waits makes those
// waits fail with CancelledError.
//
// `timeout` is everywhere: seconds as IOLoop::time() counts them, or a std::chrono duration from
// now; none: wait without end.
#pragma once

#include <tornado/concurrent.h>
#include <tornado/core/wait_list.h>

namespace tornado::locks {

class Guard;

namespace detail {

// The permits of a semaphore or lock, shared with the guards that hold some of them. A guard whose
// turn is over holds nothing: its lock was released under it.
class Permits final : public core::Counted {
 public:
  static constexpr std::size_t kUnbounded = static_cast<std::size_t>(-1);

  Permits(std::size_t value, std::size_t most) : value_(value), most_(most) {}

  Future<void> acquire(core::Deadline timeout);
  Future<Guard> scoped(core::Deadline timeout);
  void give_back();
  void cancel_all();

  bool all_there() const noexcept { return value_ == most_; }
  std::uint64_t turn() const noexcept { return turn_; }
  void end_turn() noexcept { ++turn_; }

 private:
  template <class Request>
  auto take(core::Deadline timeout);

  std::size_t value_;
  const std::size_t most_;
  std::uint64_t turn_ = 0;
  core::WaitList waiting_;
};

}  // namespace detail

// Wakes those who wait when something has changed. What changed, and whether it is still so, they
// look up themselves: `while (!ready) co_await condition.wait();` (locks.Condition)
class Condition {
 public:
  // True once notified, false if `timeout` came first.
  [[nodiscard]] Future<bool> wait(core::Deadline timeout = {});
  // Wakes the `n` who wait longest, or fewer if fewer wait. Who comes later does not count.
  void notify(std::size_t n = 1);
  void notify_all();

 private:
  core::WaitList waiting_;
};

// A flag to wait for. Not set at first. (locks.Event)
class Event {
 public:
  bool is_set() const noexcept { return set_; }
  // Lets everybody go who waits, and everybody who comes until clear().
  void set();
  void clear() noexcept { set_ = false; }
  // Until the flag is set. Throws gen::TimeoutError.
  Future<void> wait(core::Deadline timeout = {});

 private:
  bool set_ = false;
  core::WaitList waiting_;
};

// One permit, held: gives it back when it is destroyed, on the thread it came from. It may outlive
// what it came from. Move-only.
class [[nodiscard]] Guard {
 public:
  // Holds nothing.
  Guard() = default;
  Guard(Guard&& other) noexcept = default;
  Guard& operator=(Guard&& other) noexcept;
  ~Guard() { release(); }

  // Gives the permit back now. Silent if there is none.
  void release();
  // Holds nothing from now on, without giving the permit back: somebody else will call release() of
  // the lock or semaphore.
  void detach() noexcept { permits_ = {}; }
  explicit operator bool() const noexcept { return static_cast<bool>(permits_); }

 private:
  friend class detail::Permits;
  explicit Guard(core::Ref<detail::Permits> permits);

  core::Ref<detail::Permits> permits_;
  std::uint64_t turn_ = 0;
};

// A number of permits; who finds none waits. (locks.Semaphore)
//
//   auto guard = co_await semaphore.scoped();
//
// holds a permit until the end of the block, whatever happens there: `async with` of Python. Keep
// the guard in a variable: without a name it gives its permit back in the same line.
class Semaphore {
 public:
  // With `value` permits. Throws std::invalid_argument if that is negative.
  Semaphore() : Semaphore(1) {}
  template <class I>
    requires std::is_integral_v<I>
  explicit Semaphore(I value)
      : Semaphore(core::not_negative(value, "a semaphore's value"), false) {}
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;
  ~Semaphore();

  // Takes a permit, if need be waits for it; release() gives it back, also where the code between
  // the two throws or is cancelled, so scoped() is the better one in most places. Throws
  // gen::TimeoutError. A permit that comes for one who is gone goes to the next.
  [[nodiscard]] Future<void> acquire(core::Deadline timeout = {});
  // The same, for a guard that gives the permit back.
  [[nodiscard]] Future<Guard> scoped(core::Deadline timeout = {});
  // Adds a permit: that of an acquire(), or a new one.
  void release();

 protected:
  Semaphore(std::size_t value, bool bounded);
  core::Ref<detail::Permits> permits_;
};

// A semaphore that never has more permits than it began with: release() throws
// std::invalid_argument instead (ValueError). (locks.BoundedSemaphore)
class BoundedSemaphore : public Semaphore {
 public:
  BoundedSemaphore() : BoundedSemaphore(1) {}
  template <class I>
    requires std::is_integral_v<I>
  explicit BoundedSemaphore(I value)
      : Semaphore(core::not_negative(value, "a semaphore's value"), true) {}
};

// One at a time. (locks.Lock)
//
//   auto guard = co_await lock.scoped();
//
// holds the lock until the end of the block. Not recursive: who holds it and asks again waits for
// ever.
class Lock {
 public:
  Lock();
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  ~Lock();

  // Locks until release(). Throws gen::TimeoutError.
  [[nodiscard]] Future<void> acquire(core::Deadline timeout = {});
  // Locks as long as the guard lives.
  [[nodiscard]] Future<Guard> scoped(core::Deadline timeout = {});
  // Unlocks, whoever holds the lock; that one's guard holds nothing any more. Throws
  // std::runtime_error if it is not locked.
  void release();
  bool locked() const noexcept;

 private:
  core::Ref<detail::Permits> permits_;
};

}  // namespace tornado::locks
