// Internal header: what is behind a Future. Implemented in loop/future.cc.
#pragma once

#include <tornado/core/runtime.h>

#include <atomic>
#include <cstdint>
#include <exception>
#include <new>
#include <type_traits>
#include <utility>

namespace tornado::core {

enum class FutureStatus : std::uint8_t { kPending, kResult, kException, kCancelled };

// Who will complete a future, as far as cancelling goes.
enum class FutureOrigin : std::uint8_t {
  kPlain,      // somebody who does not look whether it was cancelled
  kOperation,  // somebody who does: see Future::on_cancel
  kCoroutine,
};

// What all the copies of one Future share. It belongs to the thread that made it; only the count is
// atomic, because a lambda that carries a handle to another thread and back is copied and destroyed
// there.
class FutureStateBase : public Pooled {
 public:
  explicit FutureStateBase(FutureOrigin origin) noexcept : origin_(origin), canceller_(nullptr) {}
  FutureStateBase(const FutureStateBase&) = delete;
  FutureStateBase& operator=(const FutureStateBase&) = delete;

  void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    // The last handle needs no locked instruction: nobody is left to race with.
    if (unique() || references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
  // For the second handle of a future that only its maker knows: no locked instruction either.
  void retain_new() noexcept { references_.store(2, std::memory_order_relaxed); }
  bool unique() const noexcept { return references_.load(std::memory_order_acquire) == 1; }

  // Throws std::logic_error on a thread that is not the future's own.
  void check_thread() const {
    if (thread_ != &thread_state) check_foreign_thread();
  }

  bool done() const noexcept { return status_ != FutureStatus::kPending; }
  bool cancelled() const noexcept { return status_ == FutureStatus::kCancelled; }

  // The exception, if any, which from now on counts as looked at.
  const std::exception_ptr& exception() noexcept {
    retrieved_ = true;
    return exception_;
  }

  // Throws what the future holds instead of a result; returns if it holds a result.
  void require_result() {
    check_thread();
    if (status_ != FutureStatus::kResult) throw_instead();
  }

  void wait(Waiter& waiter) {
    check_thread();
    waiters_.push_back(waiter);
  }
  void forget(Waiter& waiter) noexcept { waiters_.remove(waiter); }
  // Pending, and a result would reach somebody besides the caller, who holds one handle.
  bool awaited() const noexcept { return !done() && !(unique() && waiters_.empty()); }

  // Leaves a completed future as it is and answers false.
  bool fail(std::exception_ptr exception, FutureStatus status = FutureStatus::kException);
  bool fail_cancelled();
  // The same at the end of a coroutine, where CancelledError means cancelled, and an exception that
  // comes too late is logged.
  void end_coroutine(std::exception_ptr exception) noexcept;

  // Future::cancel().
  bool cancel();
  // For one who waits, and is asked to end. True: the request went on to the work behind this
  // future, which will complete it. False: the waiter is to let go, because the work cannot be
  // asked, or somebody else waits for it too.
  bool cancel_unless_shared() {
    return origin_ != FutureOrigin::kPlain && !waiters_.has_several() && cancel();
  }

  // Who is asked by cancel(), as long as the future is pending; null: cancel() just completes the
  // future. Makes it an operation, unless it is a coroutine's.
  void set_canceller(Canceller* canceller) noexcept;
  // Where the coroutine waits that this future belongs to; null while it runs.
  void set_suspension(Suspension* suspension) noexcept { suspension_ = suspension; }
  // The same of a future that gets a coroutine's result; null for one that nobody runs for.
  Suspension* suspension() const noexcept {
    if (origin_ == FutureOrigin::kCoroutine) return suspension_;
    return canceller_ != nullptr ? canceller_->inner() : nullptr;
  }
  void ask_at_next_wait() noexcept { cancel_wanted_ = true; }
  bool take_cancel_wanted() noexcept { return std::exchange(cancel_wanted_, false); }

 protected:
  virtual ~FutureStateBase() {
    // Nearly every future dies done, with a result, and with nobody left to tell.
    if (status_ != FutureStatus::kResult || !waiters_.empty() || canceller_ != nullptr) bury();
  }

  void complete(FutureStatus status) {
    status_ = status;
    if (!waiters_.empty() || canceller_ != nullptr) finish();
  }

 private:
  void finish();
  void bury() noexcept;  // tells who still waits, and logs an exception that nobody looked at
  void drop_canceller() noexcept;
  [[noreturn]] void throw_instead();
  static void check_foreign_thread();

  std::atomic<std::uint32_t> references_ = 1;
  FutureStatus status_ = FutureStatus::kPending;
  bool retrieved_ = false;
  FutureOrigin origin_;
  bool cancel_wanted_ = false;
  const ThreadState* thread_ = &thread_state;
  RunQueue waiters_;
  union {
    Canceller* canceller_;    // of an operation; may be null
    Suspension* suspension_;  // of a coroutine; null while it runs
  };
  std::exception_ptr exception_;
};

[[noreturn]] void throw_already_done();
[[noreturn]] void throw_already_taken();

// std::is_copy_constructible believes a vector of unique_ptr, which declares a copy it does not
// have.
template <class T>
inline constexpr bool kCopyable = [] {
  if constexpr (requires { typename T::value_type; }) {
    using Element = typename T::value_type;
    if constexpr (!std::is_same_v<Element, T>) {
      return std::is_copy_constructible_v<T> && kCopyable<Element>;
    }
  }
  return std::is_copy_constructible_v<T>;
}();

template <class T>
class FutureState final : public FutureStateBase {
 public:
  explicit FutureState(FutureOrigin origin) noexcept : FutureStateBase(origin) {}
  ~FutureState() override {
    if (has_value_) value_.~T();
  }

  template <class... Args>
  bool set(Args&&... args) {
    check_thread();
    if (done()) return false;
    ::new (static_cast<void*>(&value_)) T(std::forward<Args>(args)...);
    has_value_ = true;
    complete(FutureStatus::kResult);
    return true;
  }

  const T& get() {
    require_result();
    if (taken_) throw_already_taken();
    return value_;
  }

  // The result for one who awaits: moved out when nobody else can ask for it, copied otherwise. A
  // type that cannot be copied is there for the first to ask.
  T take(bool last) {
    require_result();
    if (taken_) throw_already_taken();
    if constexpr (kCopyable<T>) {
      if (!last) return value_;
    }
    taken_ = true;
    return std::move(value_);
  }

 private:
  union {
    T value_;
  };
  bool has_value_ = false;
  bool taken_ = false;
};

template <>
class FutureState<void> final : public FutureStateBase {
 public:
  using FutureStateBase::FutureStateBase;
  bool set() {
    check_thread();
    if (done()) return false;
    complete(FutureStatus::kResult);
    return true;
  }
  void get() { require_result(); }
  void take(bool) { require_result(); }
};

}  // namespace tornado::core
