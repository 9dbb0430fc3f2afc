// Internal header: the state behind a Future. Implemented in loop/future.cc.
#pragma once

#include <tornado/core/pointers.h>
#include <tornado/core/runtime.h>

#include <atomic>
#include <cstdint>
#include <exception>
#include <new>
#include <type_traits>
#include <utility>

namespace tornado::core {

enum class FutureStatus : std::uint8_t { kPending, kResult, kException, kCancelled };

// Which kind of code will complete a future; decides what cancelling it does.
enum class FutureOrigin : std::uint8_t {
  kPlain,      // code that does not check whether it was cancelled
  kOperation,  // code that does: see Future::on_cancel
  kCoroutine,
};

// The state shared by all copies of one Future. It belongs to the thread that made it. Only the
// count is atomic, because a lambda that carries a handle to another thread and back is copied and
// destroyed there.
class FutureStateBase : public Pooled {
 public:
  explicit FutureStateBase(FutureOrigin origin) noexcept : origin_(origin), canceller_(nullptr) {}
  FutureStateBase(const FutureStateBase&) = delete;
  FutureStateBase& operator=(const FutureStateBase&) = delete;

  void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    // The last handle needs no locked instruction: no other thread can have one.
    if (unique() || references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
  // Counts the second handle of a future that only its maker knows, also without a locked
  // instruction.
  void retain_new() noexcept { references_.store(2, std::memory_order_relaxed); }
  bool unique() const noexcept { return references_.load(std::memory_order_acquire) == 1; }

  // Throws std::logic_error on a thread other than the future's own.
  void check_thread() const {
    if (thread_ != &thread_state) check_foreign_thread();
  }

  bool done() const noexcept { return status_ != FutureStatus::kPending; }
  bool cancelled() const noexcept { return status_ == FutureStatus::kCancelled; }

  // Returns the exception, or null, and marks it as retrieved.
  const std::exception_ptr& exception() noexcept {
    retrieved_ = true;
    return exception_;
  }

  // Throws the future's exception; returns if it holds a result.
  void require_result() {
    check_thread();
    if (status_ != FutureStatus::kResult) throw_instead();
  }

  void wait(Waiter& waiter) {
    check_thread();
    waiters_.push_back(waiter);
  }
  void forget(Waiter& waiter) noexcept { waiters_.remove(waiter); }
  // Returns true if the future is pending and a result would reach somebody other than the caller,
  // who holds one handle.
  bool awaited() const noexcept { return !done() && !(unique() && waiters_.empty()); }

  // Returns false, and changes nothing, if the future is already done.
  bool fail(std::exception_ptr exception, FutureStatus status = FutureStatus::kException);
  bool fail_cancelled();
  // The same at the end of a coroutine, where CancelledError means cancelled and a late exception
  // is logged.
  void end_coroutine(std::exception_ptr exception) noexcept;

  // Implements Future::cancel().
  bool cancel();
  // For a waiter that is asked to end. Returns true if the request was passed to the work behind
  // this future, which will complete it. Returns false if the waiter should stop waiting by itself,
  // because the work cannot be cancelled or somebody else waits for it too.
  bool cancel_unless_shared() {
    return origin_ != FutureOrigin::kPlain && !waiters_.has_several() && cancel();
  }

  // Sets the object that cancel() calls while the future is pending; null: cancel() just completes
  // the future. Makes it an operation, unless it is a coroutine's.
  void set_canceller(Canceller* canceller) noexcept;
  // The point at which this future's coroutine waits; null while it runs.
  void set_suspension(Suspension* suspension) noexcept { suspension_ = suspension; }
  // The same for a future that receives a coroutine's result; null if no coroutine is behind it.
  Suspension* suspension() const noexcept {
    if (origin_ == FutureOrigin::kCoroutine) return suspension_;
    return canceller_ != nullptr ? canceller_->inner() : nullptr;
  }
  void ask_at_next_wait() noexcept { cancel_wanted_ = true; }
  bool take_cancel_wanted() noexcept { return std::exchange(cancel_wanted_, false); }

 protected:
  virtual ~FutureStateBase() {
    // Nearly every future is destroyed when it is done, with a result and without waiters.
    if (status_ != FutureStatus::kResult || !waiters_.empty() || canceller_ != nullptr) bury();
  }

  void complete(FutureStatus status) {
    status_ = status;
    if (!waiters_.empty() || canceller_ != nullptr) finish();
  }

 private:
  void finish();
  void bury() noexcept;  // informs remaining waiters, logs an exception nobody looked at
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

// std::is_copy_constructible is true for a vector of unique_ptr, which declares a copy constructor
// that does not compile.
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

  // Returns the result to a waiter: moved if nobody else can ask for it, otherwise copied. A type
  // that cannot be copied goes to the first waiter that asks.
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

template <class T>
Ref<FutureState<T>> make_future_state(FutureOrigin origin) {
  return Ref<FutureState<T>>::adopt(new FutureState<T>(origin));
}
// Returns the second handle of a new future.
template <class T>
Ref<FutureState<T>> second_handle(const Ref<FutureState<T>>& first) noexcept {
  first->retain_new();
  return Ref<FutureState<T>>::adopt(first.get());
}

}  // namespace tornado::core
