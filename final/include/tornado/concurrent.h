// Public header: Future, the result of something that takes time, and the thread pool whose work
// ends in one. Mirrors tornado.concurrent, whose return_future is in gen.h, and the part of
// concurrent.futures that Tornado uses.
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

namespace core {

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
// A coroutine that promised a value has run off its end: its future gets an exception.
void end_without_value(FutureStateBase& future) noexcept;

template <class T>
inline constexpr bool is_future = false;
template <class T>
inline constexpr bool is_future<Future<T>> = true;

}  // namespace core

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
//
// A function without either is no coroutine. `Future<void> get() { write("x"); }` returns nothing,
// and its caller would take for a future whatever lies there. A program that includes this header
// is refused for it, by g++ and by clang. A coroutine that forgot to co_return its value is refused
// by clang; with g++ its future gets a std::logic_error.
#pragma GCC diagnostic error "-Wreturn-type"
template <class T>
class Future {
  static_assert(!std::is_reference_v<T>, "a Future holds a value: give a pointer, or a copy");

 public:
  using value_type = T;
  using promise_type = core::Promise<T>;

  // A new future, not yet done.
  Future() : state_(new core::FutureState<T>(core::FutureOrigin::kPlain)) {}
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
    if (!state_->set(std::forward<U>(value))) core::throw_already_done();
  }
  void set_result() const
    requires std::is_void_v<T>
  {
    if (!state_->set()) core::throw_already_done();
  }

  // Completes the future with an exception: an exception_ptr, or any object to be thrown.
  // Throws InvalidStateError if it is done already, std::invalid_argument for a null exception_ptr.
  template <class E>
  void set_exception(E exception) const {
    if constexpr (std::is_same_v<E, std::exception_ptr>) {
      if (exception == nullptr) core::throw_null_exception();
      if (!state_->fail(std::move(exception))) core::throw_already_done();
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
  // - An operation's future, or one that you made, is completed with CancelledError now (a task's
  // on
  //   an executor, if it has begun, when it has ended). Who makes futures asks done() before
  //   set_result(), or says on_cancel().
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
    state_->set_canceller(new core::OnCancel<F>(std::move(stop)));
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
    auto* node = new core::DoneCallback<T, F>(std::move(callback));
    if (state_->done()) {
      node->completed(*state_);
    } else {
      state_->wait(*node);
    }
  }

  // co_await gives the result or throws the exception. A result that is ready is taken at once.
  core::FutureAwaiter<T> operator co_await() const&;
  core::FutureAwaiter<T> operator co_await() &&;

 private:
  friend class core::Promise<T>;
  friend struct core::FutureAccess;
  template <class, class>
  friend class core::DoneCallback;

  explicit Future(core::FutureState<T>* state) noexcept : state_(state) {}

  core::FutureState<T>* state_;
};

namespace core {

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

  Suspension* inner() noexcept override { return waiting_ ? state().suspension() : nullptr; }

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

// What belongs to one run of a coroutine besides its frame: the keys of gen::Callback.
class RunAttachment {
 public:
  virtual ~RunAttachment() = default;
  // The coroutine returns. An exception: it must not yet.
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
  ~PromiseBase() { state_->release(); }

  // Whether the end is not to be taken for one: then the future gets that exception instead.
  bool left_over() noexcept {
    if (!attachment_) [[likely]]
      return false;
    auto exception = attachment_->left_over();
    return exception != nullptr && state_->fail(std::move(exception));
  }

  Owned<RunAttachment> attachment_;
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
    if (!this->left_over()) this->state_->set(std::forward<U>(value));
  }
};

template <>
class Promise<void> final : public PromiseBase<void> {
 public:
  Future<void> get_return_object() {
    state_->retain_new();
    return Future<void>(state_);
  }
  void return_void() {
    if (!left_over()) state_->set();
  }
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

}  // namespace core

namespace ioloop::detail {
class Mailbox;
}

namespace concurrent {

namespace detail {

void log_after_cancel(const std::exception_ptr& exception) noexcept;

// A task for another thread whose result comes back as a future. Made, delivered and let go of on
// the loop's thread; only work() runs elsewhere.
class Job : public core::Runnable, public core::ListHook, protected core::Canceller {
 public:
  Job();
  ~Job() override;

  // On the loop, first of all: makes the current loop the one the job comes back to. Throws
  // std::runtime_error if that loop is closed.
  void enlist();
  // On the worker: computes and keeps the outcome, unless the job was cancelled before.
  void work() noexcept;
  // On the loop: hands the outcome to the future and frees the job.
  void run() final;
  void discard() noexcept final { delete this; }
  // On the loop, when it closes: drops the future. The worker may be at work at the same time.
  virtual void abandon() noexcept = 0;

 protected:
  virtual void compute() noexcept = 0;
  virtual void deliver() = 0;
  bool cancelled() const noexcept { return cancelled_; }

  // A task that has not begun is passed over by the worker. One that has may use what belongs to
  // whoever waits for it: that one goes on when it has ended.
  void cancel(core::FutureStateBase& future) override;
  void let_go() noexcept override {}

 private:
  friend class tornado::ioloop::detail::Mailbox;
  std::atomic<bool> begun_ = false;  // or never to be
  bool cancelled_ = false;
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
  //
  // Cancelling the future keeps a task from running that has not begun. One that has runs to its
  // end, and then the future is cancelled: what the task refers to must live until then, and does
  // if it belongs to who waits.
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
  // Takes the job to a worker. See executor.cc for what becomes of a job.
  virtual void execute(core::Owned<detail::Job> job) = 0;
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
  void execute(core::Owned<detail::Job> job) override;

 private:
  struct Pool;
  core::Ref<Pool> pool_;
};

// Runs a task on the spot, in submit(). (concurrent.dummy_executor)
class DummyExecutor final : public Executor {
 protected:
  void execute(core::Owned<detail::Job> job) override;
};
inline DummyExecutor dummy_executor;

// Runs `f(args...)` on `executor`: submit().
template <class F, class... Args>
auto run_on_executor(Executor& executor, F&& f, Args&&... args) {
  return executor.submit(std::forward<F>(f), std::forward<Args>(args)...);
}
// Runs `self->method(args...)` on the executor that `self` has as a member of that name, or points
// to with it: what stands under the decorator in Python.
//
//   Future<int> count(std::string word) {
//     return concurrent::run_on_executor(this, &Handler::count_slowly, std::move(word));
//   }
//
// `self` must live until the task has ended; a handler does that awaits the future.
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

// Whether it is a future, and not a result. (is_future)
template <class T>
constexpr bool is_future(const T& /*value*/) {
  return core::is_future<T>;
}

// Calls `callback(future)` at once if the future is done, on the loop when it will be.
// (future_add_done_callback)
template <class T, class F>
void future_add_done_callback(const Future<T>& future, F callback) {
  if (future.done()) {
    callback(future);
  } else {
    future.add_done_callback(std::move(callback));
  }
}

// Completes `to` as `from` will be, or is, unless `to` is done by then. Cancelling one who waits
// for `to` lets go of `to`, and leaves `from` alone. (chain_future)
template <class T>
void chain_future(const Future<T>& from, const Future<T>& to) {
  future_add_done_callback(from, [to](Future<T> done) {
    if (!to.done()) core::hand_over(std::move(done), to);
  });
}

// Complete a future unless it was cancelled; the exception of a cancelled one is logged. Throw
// InvalidStateError if it is done otherwise. (future_set_result_unless_cancelled,
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
