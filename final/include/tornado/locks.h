// Public header: primitives with which the coroutines of one loop wait and take turns. Mirrors
// tornado.locks.
//
// Not thread-safe: these classes synchronize the coroutines of one thread, not threads. Waiters are
// served in order of arrival; those that were cancelled, or whose future nobody holds any more, are
// skipped. Destroying one of these objects makes its waiters fail with CancelledError.
//
// A `timeout` is in seconds on the clock of IOLoop::time(), or a std::chrono duration from now. The
// default is to wait without limit.
#pragma once

#include <tornado/concurrent.h>
#include <tornado/core/wait_list.h>

namespace tornado::locks {

class Guard;

namespace detail {

// The permits of a semaphore or lock, shared with the guards that hold some of them. A guard whose
// turn is over holds nothing, because its lock was released by other code.
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

// Wakes waiters when something has changed. They check the condition themselves: `while (!ready)
// co_await condition.wait();` (locks.Condition)
class Condition {
 public:
  // Waits for a notification. Returns true once notified, false if `timeout` comes first.
  Future<bool> wait(core::Deadline timeout = {});
  // Wakes up to `n` waiters, oldest first.
  void notify(std::size_t n = 1);
  // Wakes all waiters.
  void notify_all();

 private:
  core::WaitList waiting_;
};

// A flag that coroutines can wait for. Initially not set. (locks.Event)
class Event {
 public:
  // Returns whether wait() would return at once.
  bool is_set() const noexcept { return set_; }
  // Wakes all waiters. Until clear(), wait() returns at once.
  void set();
  void clear() noexcept { set_ = false; }
  // Waits until the flag is set. Fails with gen::TimeoutError.
  Future<void> wait(core::Deadline timeout = {});

 private:
  bool set_ = false;
  core::WaitList waiting_;
};

// Holds one permit and releases it when destroyed, which must happen on the same thread. May
// outlive the lock or semaphore that it came from. Move-only.
class [[nodiscard]] Guard {
 public:
  // Makes a guard that holds nothing.
  Guard() = default;
  Guard(Guard&& other) noexcept = default;
  Guard& operator=(Guard&& other) noexcept;
  ~Guard() { release(); }

  // Releases the permit now. Does nothing if the guard holds none.
  void release();
  // Gives up the permit without releasing it: other code will call release() of the lock or
  // semaphore.
  void detach() noexcept { permits_ = {}; }
  // Returns false if it holds nothing: it was released, detached or moved from, or is new.
  explicit operator bool() const noexcept { return static_cast<bool>(permits_); }

 private:
  friend class detail::Permits;
  explicit Guard(core::Ref<detail::Permits> permits);

  core::Ref<detail::Permits> permits_;
  std::uint64_t turn_ = 0;
};

// Counting semaphore. acquire() waits until a permit is free. (locks.Semaphore)
//
//   auto guard = co_await semaphore.scoped();
//
// holds a permit until the end of the block, however that is left, like Python's `async with`. Keep
// the guard in a variable: a temporary releases its permit at the end of the statement.
class Semaphore {
 public:
  // Starts with `value` permits. Throws std::invalid_argument if that is negative.
  Semaphore() : Semaphore(1) {}
  template <class I>
    requires std::is_integral_v<I>
  explicit Semaphore(I value)
      : Semaphore(core::not_negative(value, "a semaphore's value"), false) {}
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;
  ~Semaphore();

  // Takes a permit, after waiting for one if necessary. Fails with gen::TimeoutError. The caller
  // must call release(), even if the code in between throws or is cancelled, so prefer scoped(). A
  // permit granted to a cancelled waiter passes to the next one.
  Future<void> acquire(core::Deadline timeout = {});
  // The same, but returns a guard that releases the permit.
  Future<Guard> scoped(core::Deadline timeout = {});
  // Adds a permit: returns one taken by acquire(), or adds a new one.
  void release();

 protected:
  Semaphore(std::size_t value, bool bounded);
  core::Ref<detail::Permits> permits_;  // shared with the guards
};

// A semaphore that never has more permits than it started with: release() throws
// std::invalid_argument instead (ValueError). (locks.BoundedSemaphore)
class BoundedSemaphore : public Semaphore {
 public:
  BoundedSemaphore() : BoundedSemaphore(1) {}
  template <class I>
    requires std::is_integral_v<I>
  explicit BoundedSemaphore(I value)
      : Semaphore(core::not_negative(value, "a semaphore's value"), true) {}
};

// Mutual exclusion for coroutines. (locks.Lock)
//
//   auto guard = co_await lock.scoped();
//
// holds the lock until the end of the block. Not recursive: a coroutine that already holds the lock
// and acquires it again waits for ever.
class Lock {
 public:
  Lock();
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  ~Lock();

  // Acquires the lock until release(), after waiting for it if necessary. Fails with
  // gen::TimeoutError.
  Future<void> acquire(core::Deadline timeout = {});
  // Acquires the lock for as long as the guard lives.
  Future<Guard> scoped(core::Deadline timeout = {});
  // Releases the lock, whoever holds it; a guard that held it then holds nothing. Throws
  // std::runtime_error if it is not locked.
  void release();
  // Returns whether somebody holds the lock.
  bool locked() const noexcept;

 private:
  core::Ref<detail::Permits> permits_;
};

}  // namespace tornado::locks
