// Public header: Future, the result of an operation that takes time, and thread pools that return
// their results as futures. Mirrors tornado.concurrent (its return_future is in tornado4.h) and the
// part of concurrent.futures that Tornado uses.
#pragma once

#include <tornado/core/context.h>
#include <tornado/core/future_state.h>
#include <tornado/core/pointers.h>
#include <tornado/core/runtime.h>

#include <atomic>
#include <exception>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace tornado {

template <class T = void>
class Future;

namespace concurrent {

// A future was completed twice, or asked for a result before it is done
// (asyncio.InvalidStateError).
class InvalidStateError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

// The exception of a cancelled future, and the one thrown into a coroutine that is cancelled
// (asyncio.CancelledError).
class CancelledError final : public std::exception {
 public:
  // Returns "cancelled".
  const char* what() const noexcept override { return "cancelled"; }
};

using tornado::Future;
class Sent;

}  // namespace concurrent

namespace core {

template <class T>
class Promise;
// See FutureStateBase::awaited. Code that hands out items checks it, so that no item is lost to a
// waiter that has given up.
template <class T>
bool awaited(const Future<T>& future) noexcept;
template <class T>
class FutureWait;
template <class T>
class FutureAwaiter;
struct FutureAccess;

// A done-callback. It owns the function. The future owns it until the future completes; then the
// loop's queue does.
template <class T, class F>
class DoneCallback final : public Waiter, public Pooled {
 public:
  explicit DoneCallback(F f) : context_(capture_context()), function_(std::move(f)) {}

  void completed(FutureStateBase& state) override {
    state_ = Ref(static_cast<FutureState<T>*>(&state));
    schedule(current_loop(), *this);
  }
  void run() override;
  void discard() noexcept override { delete this; }

 private:
  Ref<Context> context_;  // outlives the function
  F function_;
  Ref<FutureState<T>> state_;
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

// Reports an exception that escaped a callback (the current one, or `exception`) to the current
// context, or to tornado.application if that does not handle it.
void report_callback_exception() noexcept;
void report_callback_exception(std::exception_ptr exception) noexcept;
// Logs to tornado.application in any case.
void log_callback_exception(const std::exception_ptr& exception) noexcept;
[[noreturn]] void throw_null_exception();
// Called when a coroutine that promised a value runs off its end: its future gets an exception.
void end_without_value(FutureStateBase& future) noexcept;

template <class T>
inline constexpr bool is_future = false;
template <class T>
inline constexpr bool is_future<Future<T>> = true;
template <>
inline constexpr bool is_future<concurrent::Sent> = true;

}  // namespace core

// The one asynchronous type: the result of read_until and fetch, the return type of coroutines, the
// operand of co_await (tornado.concurrent.Future).
//
// A Future is a handle: copies share one result. A moved-from handle may only be assigned to or
// destroyed. The future belongs to the thread that made it. On another thread handles may be copied
// and destroyed; everything else throws std::logic_error. To complete a future from another thread,
// call loop->add_callback([f] { f.set_result(..); }).
//
// Completing a future never runs user code directly. It queues the waiters on a loop: a coroutine
// on the loop where it was suspended, a done-callback on the current one. If nobody retrieved an
// exception, it is logged to tornado.application when the last handle is destroyed.
//
// A function that returns Future<T> may use co_await and co_return. It starts when it is called and
// runs to its first real wait, as a @gen.coroutine does. Its parameters live as long as its frame:
// take them by value.
//
// A function that uses neither is not a coroutine: `Future<void> get() { write("x"); }` returns
// nothing, and its caller would treat garbage as a future. In a program that includes this header,
// g++ and clang reject it. A coroutine that forgets to co_return its value is rejected by clang;
// with g++ its future gets a std::logic_error.
//
// The compiler warns about a call whose future is dropped, because the forgotten wait is the
// commonest mistake with coroutines. Await the future, keep it, or pass it to gen::spawn.
#pragma GCC diagnostic error "-Wreturn-type"
template <class T>
class [[nodiscard("await this Future, keep it, or pass it to gen::spawn")]] Future {
  static_assert(!std::is_reference_v<T>, "a Future holds a value: give a pointer, or a copy");

 public:
  using value_type = T;
  using promise_type = core::Promise<T>;

  // Makes a new future that is not done.
  Future() : state_(core::make_future_state<T>(core::FutureOrigin::kPlain)) {}

  // Completes the future. Throws InvalidStateError if it is done already.
  template <class U = T>
    requires(!std::is_void_v<T> && std::is_constructible_v<T, U &&>)
  void set_result(U&& value) const {
    if (!state_->set(std::forward<U>(value))) core::throw_already_done();
  }
  void set_result() const
    requires std::is_void_v<T>
  {
    if (!state_->set()) core::throw_already_done();
  }

  // Completes the future with an exception: an exception_ptr, or any object to be thrown. Throws
  // InvalidStateError if it is done already, std::invalid_argument for a null exception_ptr.
  template <class E>
  void set_exception(E exception) const {
    if constexpr (std::is_same_v<E, std::exception_ptr>) {
      if (exception == nullptr) core::throw_null_exception();
      if (!state_->fail(std::move(exception))) core::throw_already_done();
    } else {
      set_exception(std::make_exception_ptr(std::move(exception)));
    }
  }

  // Requests cancellation. Returns false if the future is done already. The rules are asyncio's,
  // except where several waiters share a future:
  //
  // - CancelledError is thrown into a coroutine at the point where it waits, on the loop, and the
  //   coroutine unwinds by itself. It may catch the exception, await in its clean-up, and even go
  //   on: the future completes when the coroutine ends, with whatever outcome that has. Each
  //   further request throws again.
  // - If it waits for another coroutine, or for an operation of this library (a sleep, a read, a
  //   place in a queue, a task on an executor), that one is cancelled and the exception comes from
  //   there. If somebody else waits for the same future too, or if the program made the future,
  //   only this coroutine stops waiting. An operation that already had its result is not undone:
  //   the await returns the result, and the next wait throws.
  // - The future of an operation, or one that the program made, completes with CancelledError at
  //   once; if it is that of a task that an executor has begun, when the task ends. So code that
  //   makes futures checks done() before set_result(), or calls on_cancel().
  bool cancel() const { return state_->cancel(); }

  // For code that makes a future: calls `stop()` once when the future is cancelled, inside
  // cancel(), after it was completed with CancelledError. `stop` frees the resources of the work,
  // must not throw, and is itself freed when the future is done. Without `stop`, the maker only
  // promises to check done() before set_result(). With either form, cancelling a coroutine that is
  // the only one waiting for this future also cancels the future. Has no effect on a future that is
  // done, or on a coroutine's.
  template <class F>
    requires std::is_invocable_v<F&>
  void on_cancel(F stop) const {
    state_->check_thread();
    state_->set_canceller(new core::OnCancel<F>(std::move(stop)));
  }
  void on_cancel() const {
    state_->check_thread();
    state_->set_canceller(nullptr);
  }

  // Returns true if there is a result or an exception, or the future was cancelled.
  bool done() const {
    state_->check_thread();
    return state_->done();
  }
  // Returns true if it was cancelled before it had a result or an exception.
  bool cancelled() const {
    state_->check_thread();
    return state_->cancelled();
  }

  // Returns the result, or throws the exception. Throws InvalidStateError if the future is not
  // done. The reference is valid as long as a handle exists. On an rvalue, moves the result out if
  // no other handle is left.
  decltype(auto) result() const& { return state_->get(); }
  T result() && { return state_->take(state_->unique()); }

  // Returns the exception, or null if there is none. Throws InvalidStateError if the future is not
  // done.
  std::exception_ptr exception() const {
    if (!done()) state_->require_result();
    return state_->exception();
  }

  // Calls `callback(Future<T>)` on the loop once the future is done, or soon if it already is.
  // Callbacks run in the order added. A callback may be a coroutine; its captures stay alive until
  // it ends. An exception that leaves it goes to the context in which it was added, or is logged
  // (tornado/stack_context.h). A future that never completes frees its callbacks without calling
  // them.
  template <class F>
  void add_done_callback(F callback) const {
    state_->check_thread();
    auto* node = new core::DoneCallback<T, F>(std::move(callback));
    if (state_->done()) {
      node->completed(*state_);
    } else {
      state_->wait(*node);
    }
  }

  // co_await returns the result or throws the exception. If the future is done already, it normally
  // continues without suspending.
  core::FutureAwaiter<T> operator co_await() const&;
  core::FutureAwaiter<T> operator co_await() &&;

 private:
  friend class core::Promise<T>;
  friend struct core::FutureAccess;
  template <class, class>
  friend class core::DoneCallback;

  explicit Future(core::Ref<core::FutureState<T>> state) noexcept : state_(std::move(state)) {}

  core::Ref<core::FutureState<T>> state_;
};

namespace core {

// For this library's own use: gives access to the state that a handle points to.
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

// Completes the pending future `to` with the outcome of `done`.
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
    } catch (...) {  // moving the result threw
      to.set_exception(std::current_exception());
    }
  }
}

// Waits until a future is done, whatever its outcome.
template <class T>
class FutureWait : public Suspension {
 public:
  explicit FutureWait(Future<T> future) : future_(std::move(future)) {}
  ~FutureWait() override {
    if (waiting_) state().forget(*this);
  }

  bool await_ready() { return future_.done() && take_await_budget(); }

  template <class P>
  void await_suspend(std::coroutine_handle<P> handle, Place place = Place::current()) {
    start(handle, future_of(handle.promise()), place);
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

  Suspension* inner() noexcept override { return waiting_ ? state().suspension() : nullptr; }

 protected:
  FutureState<T>& state() noexcept { return FutureAccess::state(future_); }

 private:
  void start(std::coroutine_handle<> handle, FutureStateBase* owner, Place place) {
    suspend(handle, owner, place);
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

// The same, but then takes the result or throws the exception.
template <class T>
class FutureAwaiter final : public FutureWait<T> {
 public:
  using FutureWait<T>::FutureWait;
  T await_resume() {
    this->throw_if_cancelled();
    return this->state().take(this->state().unique());
  }
};

// Data that belongs to one run of a coroutine besides its frame: the keys of gen::Callback.
class RunAttachment {
 public:
  virtual ~RunAttachment() = default;
  // Called when the coroutine returns. Returns an exception if it must not return yet.
  virtual std::exception_ptr left_over() = 0;
};

template <class T>
class PromiseBase : public Pooled {
 public:
  PromiseBase() = default;
  PromiseBase(const PromiseBase&) = delete;
  PromiseBase& operator=(const PromiseBase&) = delete;

  std::suspend_never initial_suspend() const noexcept { return {}; }
  std::suspend_never final_suspend() const noexcept {
    if (!state_->done()) [[unlikely]]
      end_without_value(*state_);
    return {};
  }
  void unhandled_exception() noexcept { state_->end_coroutine(std::current_exception()); }

  FutureStateBase& future_state() noexcept { return *state_; }
  Owned<RunAttachment>& attachment() noexcept { return attachment_; }

 protected:
  ~PromiseBase() = default;

  // Returns true if the coroutine must not end yet: its future then gets an exception instead.
  bool left_over() noexcept {
    if (!attachment_) [[likely]]
      return false;
    auto exception = attachment_->left_over();
    return exception != nullptr && state_->fail(std::move(exception));
  }

  Owned<RunAttachment> attachment_;
  // The frame is freed when the coroutine ends; the result stays with the future.
  Ref<FutureState<T>> state_ = make_future_state<T>(FutureOrigin::kCoroutine);
};

template <class T>
class Promise final : public PromiseBase<T> {
 public:
  Future<T> get_return_object() { return Future<T>(second_handle(this->state_)); }
  template <class U = T>
    requires std::is_constructible_v<T, U&&>
  void return_value(U&& value) {
    if (!this->left_over()) this->state_->set(std::forward<U>(value));
  }
};

template <>
class Promise<void> final : public PromiseBase<void> {
 public:
  Future<void> get_return_object() { return Future<void>(second_handle(state_)); }
  void return_void() {
    if (!left_over()) state_->set();
  }
};

// Calls `function(args...)`, which lives in `owner`, reports its exception and frees the owner. For
// a coroutine it waits until that has ended, because a lambda coroutine's captures live in the
// function object, not in the frame.
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
  Future<T> future(std::move(state_));
  run_in_context(std::move(context_), [&] { run_and_free(*this, function_, std::move(future)); });
}

// Lets a coroutine that handles its own exceptions run on, without anybody waiting for it.
template <class T>
void let_run(Future<T>) noexcept {}

}  // namespace core

namespace concurrent {

// The future of an operation that sends, such as IOStream::write() or finish(). It completes when
// the bytes have been handed to the system. It may be dropped: the bytes are sent all the same.
// Awaiting it gives back-pressure. Otherwise a Future<void>, to which it converts.
class Sent : public Future<void> {
 public:
  Sent(Future<void> future) noexcept : Future<void>(std::move(future)) {}
};

}  // namespace concurrent

namespace ioloop::detail {
class Mailbox;
}

namespace concurrent {

namespace detail {

void log_after_cancel(const std::exception_ptr& exception) noexcept;

// A task for another thread whose result comes back as a future. It is made, delivered and released
// on the loop's thread; only work() runs elsewhere.
class Job : public core::OwnedRunnable, public core::ListHook, protected core::Canceller {
 public:
  Job();
  ~Job() override;

  // Called first, on the loop: the job will come back to the current loop. Throws
  // std::runtime_error if that loop is closed.
  void enlist();
  // Called on the worker: computes and keeps the outcome, unless the job was cancelled before.
  void work() noexcept;
  // Called on the loop: passes the outcome to the future and frees the job.
  void run() final;
  // Called on the loop when it closes: drops the future. The worker may be running at that time.
  virtual void abandon() noexcept = 0;

 protected:
  virtual void compute() noexcept = 0;
  virtual void deliver() = 0;
  bool cancelled() const noexcept { return cancelled_; }

  // The worker skips a cancelled task that has not begun. One that has begun may use objects of its
  // waiter, so the waiter resumes only after it has ended.
  void cancel(core::FutureStateBase& future) override;
  void let_go() noexcept override {}

 private:
  friend class tornado::ioloop::detail::Mailbox;
  std::atomic<bool> begun_ = false;  // or cancelled before it began
  bool cancelled_ = false;
  // For the loop's probe.
  bool timed_ = false;
  std::uint32_t thread_ = 0;
  std::uint64_t started_ns_ = 0;
  std::uint64_t ended_ns_ = 0;
  core::Ref<tornado::ioloop::detail::Mailbox> mailbox_;
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
  FunctionJob(F f, Future<R> future) : function_(std::move(f)), future_(std::move(future)) {
    core::FutureAccess::state(*future_).set_canceller(this);
  }
  ~FunctionJob() override { abandon(); }
  void abandon() noexcept override {
    if (!future_) return;
    core::FutureAccess::state(*future_).set_canceller(nullptr);
    future_.reset();
  }

 protected:
  void compute() noexcept override {
    try {
      outcome_.compute(*function_);
    } catch (...) {
      error_ = std::current_exception();
    }
    function_.reset();
  }
  void deliver() override {
    if (!future_ || future_->done()) return;
    if (cancelled()) {
      core::FutureAccess::state(*future_).fail_cancelled();
      return;
    }
    if (error_ != nullptr) {
      future_->set_exception(std::move(error_));
      return;
    }
    try {
      outcome_.deliver(*future_);
    } catch (...) {  // moving the result threw
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

// Runs functions on other threads and returns their results as futures of the calling thread's loop
// (concurrent.futures.Executor).
class Executor {
 public:
  virtual ~Executor() = default;

  // Runs `f(args...)`, a function or a member function with its object; arguments are moved or
  // copied into the task. The function and its captures are destroyed on the worker. Call it on a
  // loop's thread. Throws std::runtime_error after shutdown(), or if the loop is closed.
  //
  // Cancelling the future prevents a task that has not begun from running. A task that has begun
  // runs to its end, and only then is the future cancelled. Objects that the task refers to must
  // live until then; those of a coroutine that waits for it do.
  template <class F, class... Args>
  auto submit(F&& f, Args&&... args) {
    auto bound = [f = std::forward<F>(f), ... args = std::forward<Args>(args)]() mutable {
      return core::invoke(f, std::move(args)...);
    };
    using R = decltype(bound());
    Future<R> future;
    core::Owned<detail::Job> job(
        new detail::FunctionJob<R, decltype(bound)>(std::move(bound), future));
    job->enlist();
    execute(std::move(job));
    return future;
  }

 protected:
  // Passes the job to a worker. executor.cc describes the stages of a job.
  virtual void execute(core::Owned<detail::Job> job) = 0;
};

// A pool of threads. Threads are started when there is work for them.
// (concurrent.futures.ThreadPoolExecutor)
class ThreadPoolExecutor final : public Executor {
 public:
  // Uses at most `max_workers` threads. Throws std::invalid_argument if that is 0.
  explicit ThreadPoolExecutor(std::size_t max_workers);
  // Calls shutdown().
  ~ThreadPoolExecutor() override;

  // Accepts no more tasks, runs those it has, and joins the threads. When called on one of them, it
  // joins the others and returns.
  void shutdown();

 protected:
  void execute(core::Owned<detail::Job> job) override;

 private:
  struct Pool;
  core::Ref<Pool> pool_;
};

// Runs each task immediately, inside submit(). (concurrent.dummy_executor)
class DummyExecutor final : public Executor {
 protected:
  void execute(core::Owned<detail::Job> job) override;
};
// An executor to pass where work should not leave the calling thread. It has no state.
inline DummyExecutor dummy_executor;

// Runs `f(args...)` on `executor`, by submit().
template <class F, class... Args>
auto run_on_executor(Executor& executor, F&& f, Args&&... args) {
  return executor.submit(std::forward<F>(f), std::forward<Args>(args)...);
}
// Runs `self->method(args...)` on the member `executor` of `self`, which is an Executor or points
// to one: the equivalent of the function under Python's decorator.
//
//   Future<int> count(std::string word) {
//     return concurrent::run_on_executor(this, &Handler::count_slowly, std::move(word));
//   }
//
// `self` must live until the task has ended; a handler that awaits the future does.
// (run_on_executor)
template <class C, class Method, class... Args>
  requires std::is_member_function_pointer_v<Method>
auto run_on_executor(C* self, Method method, Args&&... args) {
  if constexpr (std::is_convertible_v<decltype((self->executor)), Executor&>) {
    return run_on_executor(self->executor, method, self, std::forward<Args>(args)...);
  } else {
    return run_on_executor(*self->executor, method, self, std::forward<Args>(args)...);
  }
}

// Returns true if the argument is a future, false for any other value. (is_future)
template <class T>
constexpr bool is_future(const T& /*value*/) {
  return core::is_future<T>;
}

// Calls `callback(future)` immediately if the future is done, otherwise on the loop once it is.
// (future_add_done_callback)
template <class T, class F>
void future_add_done_callback(const Future<T>& future, F callback) {
  if (future.done()) {
    callback(future);
  } else {
    future.add_done_callback(std::move(callback));
  }
}

// Completes `to` with the outcome of `from`, unless `to` is done by then. Cancelling a waiter of
// `to` does not cancel `from`. (chain_future)
template <class T>
void chain_future(const Future<T>& from, const Future<T>& to) {
  future_add_done_callback(from, [to](Future<T> done) {
    if (!to.done()) core::hand_over(std::move(done), to);
  });
}

// Complete a future unless it was cancelled; the exception meant for a cancelled one is logged.
// Throw InvalidStateError if it is done for another reason. (future_set_result_unless_cancelled,
// future_set_exception_unless_cancelled, future_set_exc_info)
template <class T, class... Value>
void future_set_result_unless_cancelled(const Future<T>& future, Value&&... value) {
  if (!future.cancelled()) future.set_result(std::forward<Value>(value)...);
}
template <class T, class E>
void future_set_exception_unless_cancelled(const Future<T>& future, E exception) {
  if constexpr (std::is_same_v<E, std::exception_ptr>) {
    if (future.cancelled()) {
      detail::log_after_cancel(exception);
    } else {
      future.set_exception(std::move(exception));
    }
  } else {
    future_set_exception_unless_cancelled(future, std::make_exception_ptr(std::move(exception)));
  }
}
template <class T>
void future_set_exc_info(const Future<T>& future, std::exception_ptr exception) {
  future_set_exception_unless_cancelled(future, std::move(exception));
}

}  // namespace concurrent

template <class T>
core::FutureAwaiter<T> Future<T>::operator co_await() const& {
  return core::FutureAwaiter<T>(*this);
}

template <class T>
core::FutureAwaiter<T> Future<T>::operator co_await() && {
  return core::FutureAwaiter<T>(std::move(*this));
}

}  // namespace tornado
