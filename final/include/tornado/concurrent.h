// Public header: Future, the result of something that takes time, and the thread pool whose work
// ends in one. Mirrors tornado.concurrent and the part of concurrent.futures that Tornado uses.
#pragma once

#include <tornado/detail/context.h>
#include <tornado/detail/pointers.h>
#include <tornado/detail/runtime.h>

#include <atomic>
#include <cstdint>
#include <exception>
#include <new>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace tornado {

template <class T = void>
class Future;

namespace concurrent {

// A future was completed twice, or asked for a result it does not have (asyncio.InvalidStateError).
class InvalidStateError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

// The result of a future that was cancelled, and what a coroutine gets thrown that is
// (asyncio.CancelledError).
class CancelledError final : public std::exception {
 public:
  const char* what() const noexcept override { return "cancelled"; }
};

using tornado::Future;

}  // namespace concurrent

namespace detail {

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
  void ask_at_next_wait() noexcept { cancel_wanted_ = true; }
  bool take_cancel_wanted() noexcept { return std::exchange(cancel_wanted_, false); }

 protected:
  virtual ~FutureStateBase();

  void complete(FutureStatus status) {
    status_ = status;
    if (!waiters_.empty() || canceller_ != nullptr) finish();
  }

 private:
  void finish();
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

template <class T>
class Promise;
// See FutureStateBase::awaited. What hands things out asks it, so as not to lose them to one who
// has given up.
template <class T>
bool awaited(const Future<T>& future) noexcept;
template <class T>
class FutureWait;
template <class T>
class FutureAwaiter;
struct FutureAccess;

// A done-callback: owns the function, is owned by the future until that completes, then by the
// loop's queue.
template <class T, class F>
class DoneCallback final : public Waiter, public Pooled {
 public:
  explicit DoneCallback(F f) : context_(capture_context()), function_(std::move(f)) {}

  void completed(FutureStateBase& state) override {
    state.retain();
    state_ = static_cast<FutureState<T>*>(&state);
    schedule(current_loop(), *this);
  }
  void run() override;
  void discard() noexcept override {
    if (state_ != nullptr) state_->release();
    delete this;
  }

 private:
  Ref<Context> context_;  // outlives the function
  F function_;
  FutureState<T>* state_ = nullptr;
};

// Calls a function when its future is cancelled. Owned by the future.
template <class F>
class OnCancel final : public Canceller, public Pooled {
 public:
  explicit OnCancel(F stop) : stop_(std::move(stop)) {}
  void cancel(FutureStateBase& future) override {
    F stop = std::move(stop_);
    future.fail_cancelled();  // frees this
    stop();
  }
  void let_go() noexcept override { delete this; }

 private:
  F stop_;
};

// What escaped a callback, the exception being handled or `exception`, goes to the context that is
// current; to tornado.application if that does not want it.
void report_callback_exception() noexcept;
void report_callback_exception(std::exception_ptr exception) noexcept;
// To tornado.application in any case.
void log_callback_exception(const std::exception_ptr& exception) noexcept;
[[noreturn]] void throw_null_exception();

template <class T>
inline constexpr bool is_future = false;
template <class T>
inline constexpr bool is_future<Future<T>> = true;

}  // namespace detail

// The one asynchronous type: what read_until and fetch return, what a coroutine returns, what
// co_await takes (tornado.concurrent.Future).
//
// A Future is a handle: copies share one result. A handle that was moved from may only be assigned
// to or destroyed. The future belongs to the thread that made it; on another thread handles may be
// copied and destroyed, and everything else throws std::logic_error. To hand over from a thread,
// call loop->add_callback([f] { f.set_result(..); }).
//
// Completing a future never runs anybody's code: those who wait are queued on the loop; a coroutine
// on the one where it was suspended, a done-callback on the one that is current. An exception that
// nobody looked at is logged to tornado.application when the last handle goes.
//
// A function that returns Future<T> may use co_await and co_return. It starts at the call and runs
// to its first real wait, as a @gen.coroutine does. Its parameters live as long as its frame: take
// them by value.
template <class T>
class Future {
 public:
  using value_type = T;
  using promise_type = detail::Promise<T>;

  // A new future, not yet done.
  Future() : state_(new detail::FutureState<T>(detail::FutureOrigin::kPlain)) {}
  Future(const Future& other) noexcept : state_(other.state_) { state_->retain(); }
  Future(Future&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  Future& operator=(Future other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~Future() {
    if (state_ != nullptr) state_->release();
  }

  // Completes the future. Throws InvalidStateError if it is done already.
  template <class U = T>
    requires(!std::is_void_v<T> && std::is_constructible_v<T, U &&>)
  void set_result(U&& value) const {
    if (!state_->set(std::forward<U>(value))) detail::throw_already_done();
  }
  void set_result() const
    requires std::is_void_v<T>
  {
    if (!state_->set()) detail::throw_already_done();
  }

  // Completes the future with an exception: an exception_ptr, or any object to be thrown.
  // Throws InvalidStateError if it is done already, std::invalid_argument for a null exception_ptr.
  template <class E>
  void set_exception(E exception) const {
    if constexpr (std::is_same_v<E, std::exception_ptr>) {
      if (exception == nullptr) detail::throw_null_exception();
      if (!state_->fail(std::move(exception))) detail::throw_already_done();
    } else {
      set_exception(std::make_exception_ptr(std::move(exception)));
    }
  }

  // Asks for the end of what would complete the future, and answers true; answers false if it is
  // done. The rules are asyncio's, but for what others wait for too:
  //
  // - A coroutine gets CancelledError thrown where it waits, on the loop, and unwinds by itself. It
  //   may catch it, await in its clean-up, and even go on: the future is done when the coroutine
  //   has ended, and as it has ended. Asking again throws again.
  // - Where it waits for another coroutine, or for an operation of this library (a sleep, a read, a
  //   place in a queue, a task on an executor), that one is cancelled, and the exception comes from
  //   there. If somebody else waits for the same future too, or if it is one that you made, then
  //   only this coroutine lets go of it. An operation that had its result already is not undone:
  //   the await gives the result, and the next wait throws.
  // - An operation's future, or one that you made, is completed with CancelledError now. Who makes
  //   futures asks done() before set_result(), or says on_cancel().
  bool cancel() const { return state_->cancel(); }

  // For who makes a future: `stop()` is called once when it is cancelled, inside cancel(), after
  // the future was completed with CancelledError. It frees what the work has taken, must not throw,
  // and is itself freed when the future is done. Without `stop`, the maker promises just to ask
  // done() before set_result(). Either way, cancelling a coroutine that is alone in waiting for
  // this future then cancels the future too. No effect on a future that is done, or a coroutine's.
  template <class F>
    requires std::is_invocable_v<F&>
  void on_cancel(F stop) const {
    state_->check_thread();
    state_->set_canceller(new detail::OnCancel<F>(std::move(stop)));
  }
  void on_cancel() const {
    state_->check_thread();
    state_->set_canceller(nullptr);
  }

  // Has a result or an exception, or was cancelled.
  bool done() const {
    state_->check_thread();
    return state_->done();
  }
  bool cancelled() const {
    state_->check_thread();
    return state_->cancelled();
  }

  // The result, or throws the exception. InvalidStateError if not done. The reference lives as long
  // as a handle does. Called on an rvalue, it moves the result out if no other handle is left.
  decltype(auto) result() const& { return state_->get(); }
  T result() && { return state_->take(state_->unique()); }

  // The exception, or null. Throws InvalidStateError if not done.
  std::exception_ptr exception() const {
    if (!done()) state_->require_result();
    return state_->exception();
  }

  // Calls `callback(Future<T>)` on the loop once the future is done, also if it is done already. In
  // the order added. The callback may be a coroutine; its captures stay alive until it ends. What
  // it throws goes to the context it was added in, or is logged (tornado/stack_context.h). A future
  // that never completes frees its callbacks without calling them.
  template <class F>
  void add_done_callback(F callback) const {
    state_->check_thread();
    auto* node = new detail::DoneCallback<T, F>(std::move(callback));
    if (state_->done()) {
      node->completed(*state_);
    } else {
      state_->wait(*node);
    }
  }

  // co_await gives the result or throws the exception. A result that is ready is taken at once.
  detail::FutureAwaiter<T> operator co_await() const&;
  detail::FutureAwaiter<T> operator co_await() &&;

 private:
  friend class detail::Promise<T>;
  friend struct detail::FutureAccess;
  template <class, class>
  friend class detail::DoneCallback;

  explicit Future(detail::FutureState<T>* state) noexcept : state_(state) {}

  detail::FutureState<T>* state_;
};

namespace detail {

// For the rooms of this library: what is behind a handle.
struct FutureAccess {
  template <class T>
  static FutureState<T>& state(const Future<T>& future) noexcept {
    return *future.state_;
  }
};

template <class T>
bool awaited(const Future<T>& future) noexcept {
  return FutureAccess::state(future).awaited();
}

// Completes `to`, which is pending, as `done` was.
template <class T>
void hand_over(Future<T> done, const Future<T>& to) {
  if (done.cancelled()) {
    FutureAccess::state(to).fail_cancelled();
  } else if (const auto exception = done.exception()) {
    to.set_exception(exception);
  } else if constexpr (std::is_void_v<T>) {
    to.set_result();
  } else {
    try {
      to.set_result(std::move(done).result());
    } catch (...) {  // the result does not move
      to.set_exception(std::current_exception());
    }
  }
}

// Waits until a future is done, whatever it holds.
template <class T>
class FutureWait : public Suspension {
 public:
  explicit FutureWait(Future<T> future) : future_(std::move(future)) {}
  ~FutureWait() override {
    if (waiting_) state().forget(*this);
  }

  bool await_ready() { return future_.done() && take_await_budget(); }

  template <class P>
  void await_suspend(std::coroutine_handle<P> handle) {
    start(handle, future_of(handle.promise()));
  }

  void await_resume() const { throw_if_cancelled(); }

  void completed(FutureStateBase& done) override {
    waiting_ = false;
    Suspension::completed(done);
  }

  void cancel() override {
    if (!waiting_) {
      if (!state().cancelled()) postpone_cancel();  // else it throws anyway
      return;
    }
    if (state().cancel_unless_shared()) return;
    state().forget(*this);
    waiting_ = false;
    set_cancelled();
    resume_now();
  }

 protected:
  FutureState<T>& state() noexcept { return FutureAccess::state(future_); }

 private:
  void start(std::coroutine_handle<> handle, FutureStateBase* owner) {
    suspend(handle, owner);
    if (future_.done()) {
      resume_next_round();
    } else {
      state().wait(*this);
      waiting_ = true;
    }
    deliver_cancel();
  }

  Future<T> future_;
  bool waiting_ = false;
};

// The same, and then takes the result or throws the exception.
template <class T>
class FutureAwaiter final : public FutureWait<T> {
 public:
  using FutureWait<T>::FutureWait;
  T await_resume() {
    this->throw_if_cancelled();
    return this->state().take(this->state().unique());
  }
};

template <class T>
class PromiseBase : public Pooled {
 public:
  PromiseBase() = default;
  PromiseBase(const PromiseBase&) = delete;
  PromiseBase& operator=(const PromiseBase&) = delete;

  std::suspend_never initial_suspend() const noexcept { return {}; }
  std::suspend_never final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { state_->end_coroutine(std::current_exception()); }

  FutureStateBase& future_state() noexcept { return *state_; }

 protected:
  ~PromiseBase() { state_->release(); }

  // The frame goes when the coroutine ends; the result stays with the future.
  FutureState<T>* state_ = new FutureState<T>(FutureOrigin::kCoroutine);
};

template <class T>
class Promise final : public PromiseBase<T> {
 public:
  Future<T> get_return_object() {
    this->state_->retain_new();
    return Future<T>(this->state_);
  }
  template <class U = T>
    requires std::is_constructible_v<T, U&&>
  void return_value(U&& value) {
    this->state_->set(std::forward<U>(value));
  }
};

template <>
class Promise<void> final : public PromiseBase<void> {
 public:
  Future<void> get_return_object() {
    state_->retain_new();
    return Future<void>(state_);
  }
  void return_void() { state_->set(); }
};

// Calls `function(args...)`, which lives in `owner`, reports what it throws and frees the owner.
// When it is a coroutine, that is at its end: a lambda coroutine's captures live in the function
// object, not in the frame.
template <class Owner, class F, class... Args>
void run_and_free(Owner& owner, F& function, Args&&... args) {
  Owned<Owner> owned(&owner);
  try {
    if constexpr (is_future<decltype(function(std::forward<Args>(args)...))>) {
      const auto report = [](const auto& future) {
        if (!future.cancelled() && future.exception())
          report_callback_exception(future.exception());
      };
      const auto future = function(std::forward<Args>(args)...);
      if (future.done()) return report(future);
      future.add_done_callback(
          [owned = std::move(owned), report](const auto& done) { report(done); });
    } else {
      function(std::forward<Args>(args)...);
    }
  } catch (...) {
    report_callback_exception();
  }
}

template <class T, class F>
void DoneCallback<T, F>::run() {
  Future<T> future(std::exchange(state_, nullptr));
  run_in_context(std::move(context_), [&] { run_and_free(*this, function_, std::move(future)); });
}

}  // namespace detail

namespace ioloop::detail {
class Mailbox;
}

namespace concurrent {

namespace detail {

// A task for another thread whose result comes back as a future. Made, delivered and let go of on
// the loop's thread; only work() runs elsewhere.
class Job : public tornado::detail::Runnable, public tornado::detail::ListHook {
 public:
  Job();
  ~Job() override;

  // On the loop, first of all: makes the current loop the one the job comes back to. Throws
  // std::runtime_error if that loop is closed.
  void enlist();
  // On the worker: computes and keeps the outcome.
  virtual void work() noexcept = 0;
  // On the loop: hands the outcome to the future and frees the job.
  void run() final;
  void discard() noexcept final { delete this; }
  // On the loop, when it closes: drops the future. The worker may be at work at the same time.
  virtual void abandon() noexcept = 0;

 protected:
  virtual void deliver() = 0;

 private:
  friend class tornado::ioloop::detail::Mailbox;
  tornado::detail::Ref<tornado::ioloop::detail::Mailbox> mailbox_;
};

template <class R>
struct Outcome {
  template <class F>
  void compute(F& f) {
    value.emplace(f());
  }
  void deliver(const Future<R>& future) { future.set_result(std::move(*value)); }
  std::optional<R> value;
};
template <>
struct Outcome<void> {
  template <class F>
  void compute(F& f) {
    f();
  }
  void deliver(const Future<void>& future) { future.set_result(); }
};

template <class R, class F>
class FunctionJob final : public Job {
 public:
  FunctionJob(F f, Future<R> future) : function_(std::move(f)), future_(std::move(future)) {}
  void work() noexcept override {
    try {
      outcome_.compute(*function_);
    } catch (...) {
      error_ = std::current_exception();
    }
    function_.reset();
  }
  void abandon() noexcept override { future_.reset(); }

 protected:
  void deliver() override {
    if (!future_ || future_->done()) return;
    if (error_ != nullptr) {
      future_->set_exception(std::move(error_));
      return;
    }
    try {
      outcome_.deliver(*future_);
    } catch (...) {  // the result does not move
      future_->set_exception(std::current_exception());
    }
  }

 private:
  std::optional<F> function_;
  std::optional<Future<R>> future_;
  Outcome<R> outcome_;
  std::exception_ptr error_;
};

}  // namespace detail

// Runs functions somewhere else and gives their results as futures of the calling thread's loop
// (concurrent.futures.Executor).
class Executor {
 public:
  virtual ~Executor() = default;

  // Runs `f(args...)`, a function or a member function with its object; arguments are moved or
  // copied into the task. The function and what it captures are destroyed on the worker. Call it on
  // a loop's thread. Throws std::runtime_error after shutdown(), or if the loop is closed.
  template <class F, class... Args>
  auto submit(F&& f, Args&&... args) {
    auto bound = [f = std::forward<F>(f), ... args = std::forward<Args>(args)]() mutable {
      return tornado::detail::invoke(f, std::move(args)...);
    };
    using R = decltype(bound());
    Future<R> future;
    tornado::detail::Owned<detail::Job> job(
        new detail::FunctionJob<R, decltype(bound)>(std::move(bound), future));
    job->enlist();
    execute(std::move(job));
    return future;
  }

 protected:
  // Takes the job to a worker. See executor.cc for what becomes of a job.
  virtual void execute(tornado::detail::Owned<detail::Job> job) = 0;
};

// A pool of threads (concurrent.futures.ThreadPoolExecutor). Threads start when there is work for
// them.
class ThreadPoolExecutor final : public Executor {
 public:
  // `max_workers` threads at most; throws std::invalid_argument if it is 0.
  explicit ThreadPoolExecutor(std::size_t max_workers);
  // shutdown().
  ~ThreadPoolExecutor() override;

  // Takes no more tasks, runs those it has, and joins the threads; on one of them, it joins the
  // others and returns.
  void shutdown();

 protected:
  void execute(tornado::detail::Owned<detail::Job> job) override;

 private:
  struct Pool;
  tornado::detail::Ref<Pool> pool_;
};

}  // namespace concurrent

namespace concurrent {

// Completes `to` as `from` will be, or is, unless `to` is done by then. Who waits for `to` and is
// cancelled does not cancel `from`. (chain_future)
template <class T>
void chain_future(const Future<T>& from, const Future<T>& to) {
  const auto copy = [to](Future<T> done) {
    if (!to.done()) tornado::detail::hand_over(std::move(done), to);
  };
  if (from.done()) {
    copy(from);
  } else {
    from.add_done_callback(copy);
  }
}

}  // namespace concurrent

template <class T>
detail::FutureAwaiter<T> Future<T>::operator co_await() const& {
  return detail::FutureAwaiter<T>(*this);
}

template <class T>
detail::FutureAwaiter<T> Future<T>::operator co_await() && {
  return detail::FutureAwaiter<T>(std::move(*this));
}

}  // namespace tornado
