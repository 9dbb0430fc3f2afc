// Public header: IOLoop, one thread's event loop, and PeriodicCallback. Mirrors tornado.ioloop.
#pragma once

#include <tornado/concurrent.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace tornado::ioloop {

class IOLoop;

// Something took longer than it was given (tornado.util.TimeoutError; gen::TimeoutError is the same
// type).
class TimeoutError : public std::runtime_error {
 public:
  explicit TimeoutError(const std::string& message = "Timeout") : std::runtime_error(message) {}
};

// Where a loop gets the time from. The default reads a monotonic clock, set to epoch seconds when
// the process starts: it never jumps when somebody sets the date.
class Clock {
 public:
  virtual ~Clock() = default;

  // Seconds since the epoch. Must not run backwards.
  virtual double time() = 0;

  // The loop has nothing to do for `seconds`. A clock that is not real moves ahead and answers
  // true; the loop then only looks for events and does not sleep.
  virtual bool skip(double /*seconds*/) { return false; }
};

// Time that moves only when the loop would sleep: a test of an hour takes no time. It does not wait
// for other threads: while an executor works, the next timer may come first.
class VirtualClock final : public Clock {
 public:
  explicit VirtualClock(double start = 1'000'000'000.0) : now_(start) {}
  double time() override { return now_; }
  bool skip(double seconds) override {
    now_ += seconds;
    return true;
  }
  void advance(double seconds) { now_ += seconds; }

 private:
  double now_;
};

// Whether a new loop becomes IOLoop::current() of the thread that makes it.
enum class MakeCurrent {
  kIfNone,  // if the thread has none yet (the default)
  kNo,
  kYes,  // throws std::runtime_error if the thread has one
};

struct IOLoopOptions {
  IOLoopOptions() {}

  std::string_view poller;  // "epoll", "kqueue" or "poll"; empty: the best one here
  Clock* clock = nullptr;   // not owned, must outlive the loop; null: the real clock
  MakeCurrent make_current = MakeCurrent::kIfNone;
};

// Receives the events of a descriptor. The class-shaped form of add_handler, which allocates
// nothing.
class EventHandler {
 public:
  virtual void handle_events(int fd, std::uint32_t events) = 0;

  // The loop has let go of the handler: it was removed, perhaps by itself, or the loop closed.
  virtual void released() noexcept {}

 protected:
  ~EventHandler() = default;
};

namespace detail {
class TimerNode;
struct LoopState;

std::string format_seconds(double seconds);

template <class F>
class Callback final : public core::Runnable, public core::Pooled {
 public:
  Callback(core::Ref<core::Context> context, F f)
      : context_(std::move(context)), function_(std::move(f)) {}
  void run() override {
    core::run_in_context(std::move(context_), [this] { core::run_and_free(*this, function_); });
  }
  void discard() noexcept override { delete this; }

 private:
  core::Ref<core::Context> context_;  // outlives the function
  F function_;
};

template <class F>
core::Runnable& make_callback(core::Ref<core::Context> context, F f) {
  return *new Callback<F>(std::move(context), std::move(f));
}
// For code of this thread's loop.
template <class F>
core::Runnable& make_callback(F f) {
  return make_callback(core::capture_context(), std::move(f));
}

// A function that keeps a context alive and does not run in it.
template <class F>
struct Detached {
  decltype(auto) operator()() { return function(); }
  core::Ref<core::Context> kept;
  F function;
};
template <class F>
Detached<F> detach(core::Ref<core::Context> kept, F function) {
  return {std::move(kept), std::move(function)};
}

template <class F, class... Args>
auto bind_callback(F&& f, Args&&... args) {
  if constexpr (sizeof...(Args) == 0) {
    return std::forward<F>(f);
  } else {
    return [f = std::forward<F>(f), ... args = std::forward<Args>(args)]() mutable {
      return core::invoke(f, std::move(args)...);
    };
  }
}

// Frees a handler at the end of the iteration: it may have removed itself and still be running.
void retire(core::Runnable& handler);

template <class F>
class FunctionHandler final : public EventHandler, public core::Runnable {
  static_assert(!core::is_future<std::invoke_result_t<F&, int, std::uint32_t>>,
                "an event handler cannot be a coroutine: it would be called again before it ends; "
                "let it call spawn_callback");

 public:
  explicit FunctionHandler(F f) : context_(core::capture_context()), function_(std::move(f)) {}
  void handle_events(int fd, std::uint32_t events) override {
    core::run_in_context(context_, [&] {
      try {
        function_(fd, events);
      } catch (...) {
        core::report_callback_exception();
      }
    });
  }
  void released() noexcept override { retire(*this); }
  void run() override { delete this; }
  void discard() noexcept override { delete this; }

 private:
  const core::Ref<core::Context> context_;  // outlives the function
  F function_;
};
}  // namespace detail

namespace detail {
// A function to call many times. Its captures live until the last call, a coroutine's included, has
// ended.
class RepeatedCallback : public core::Counted {
 public:
  // Starts one call; the future tells its end and holds what it threw.
  virtual Future<void> call() = 0;
};

template <class F>
class RepeatedFunction final : public RepeatedCallback {
 public:
  explicit RepeatedFunction(F f) : function_(std::move(f)) {}
  Future<void> call() override { return run(core::Ref<RepeatedFunction>(this)); }

 private:
  static Future<void> run(core::Ref<RepeatedFunction> self) {
    if constexpr (core::is_future<decltype(self->function_())>) {
      co_await self->function_();
    } else {
      self->function_();
    }
    co_return;
  }

  F function_;
};

template <class F>
core::Ref<RepeatedCallback> make_repeated(F f) {
  return core::Ref<RepeatedFunction<F>>(new RepeatedFunction<F>(std::move(f)));
}

// The function of a run_sync. The loop's callback and the coroutine share it: a loop stopped too
// early leaves nothing dangling.
template <class F>
class SyncCall final : public core::Counted {
  using Returned = decltype(std::declval<F&>()());
  static constexpr bool kCoroutine = core::is_future<Returned>;
  template <class R>
  struct Value {
    using type = R;
  };
  template <class R>
  struct Value<Future<R>> {
    using type = R;
  };

 public:
  using Result = Future<typename Value<Returned>::type>;

  explicit SyncCall(F f) : function_(std::move(f)) {}

  static Result invoke(core::Ref<SyncCall> self) {
    if constexpr (kCoroutine) {
      co_return co_await self->function_();
    } else {
      co_return self->function_();
    }
  }

  bool over = false;  // run_sync has returned

 private:
  F function_;
};
}  // namespace detail

// What add_timeout gives, and remove_timeout takes. Copies mean the same timer; an old one is
// harmless.
class Timeout {
 public:
  Timeout() = default;
  Timeout(const Timeout& other) noexcept;
  Timeout(Timeout&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  Timeout& operator=(Timeout other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  ~Timeout();

  // Neither fired nor removed yet.
  bool pending() const noexcept;

 private:
  friend class IOLoop;
  explicit Timeout(detail::TimerNode* node) noexcept : node_(node) {}
  detail::TimerNode* node_ = nullptr;
};

// An event loop on one thread.
//
// start() repeats this iteration until stop():
//   1. run the callbacks that were queued when the iteration began;
//   2. run the timers that are due, earliest first;
//   3. resume the coroutines and run the done-callbacks whose futures have completed, and those
//      that complete meanwhile, at most kReadyBudget of them, and step 4 after each kMaxEvents;
//   4. write out what streams have queued, and the log;
//   5. compute how long to sleep: not at all if anything is queued, else until the next timer;
//   6. ask the poller for events (epoll_wait);
//   7. handle each event; a handler removed in the same batch does not run;
//   8. free what was let go of during the iteration.
//
// Only add_callback, spawn_callback, stop, running and add_callback_from_signal may be called from
// another thread while the loop runs; handlers and timers throw std::logic_error there. A loop may
// be made on one thread and run on another, but is destroyed where it is current. What takes a
// function for later runs it in the context it was given in (tornado/stack_context.h). An exception
// that leaves a callback goes to that context, or is logged to tornado.application; the loop goes
// on.
class IOLoop {
 public:
  // Event masks; the values are epoll's. ERROR is always reported, asked for or not.
  static constexpr std::uint32_t NONE = 0;
  static constexpr std::uint32_t READ = 0x001;
  static constexpr std::uint32_t WRITE = 0x004;
  static constexpr std::uint32_t ERROR = 0x018;

  // Completed futures served in one iteration before the poller is asked again.
  static constexpr int kReadyBudget = 1024;
  // Events taken from the poller at a time, and futures served. What they write leaves before the
  // next: a connection is still in the cache then.
  static constexpr int kMaxEvents = 64;

  // This thread's loop, made on demand and then kept until the thread ends.
  static IOLoop& current();
  // The same, or null if the thread has none and `instance` is false.
  static IOLoop* current(bool instance);
  // The main thread's loop, as Tornado 4 had it. Elsewhere it throws std::runtime_error if there is
  // none.
  static IOLoop& instance();

  // SIGPIPE is ignored from the first loop on: a peer that went away is an error code, not a death.
  explicit IOLoop(const IOLoopOptions& options = {});
  IOLoop(const IOLoop&) = delete;
  IOLoop& operator=(const IOLoop&) = delete;
  // Closes the loop if close() was not called.
  ~IOLoop();

  // Becomes, or stops to be, what current() answers on this thread. start() does this by itself
  // while it runs.
  void make_current();
  static void clear_current();

  // Runs until stop(). Throws std::runtime_error if a loop already runs on this thread, or if this
  // one is closed. A stop() that came before makes it return at once.
  void start();
  // Lets start() return when the current iteration ends. From any thread.
  void stop();
  bool running() const noexcept;

  // Releases everything: handlers, timers, queued callbacks (none of them is run), coroutines that
  // still wait (their frames are destroyed, innermost first where one awaits another). Then waits
  // for the loop's own pool to end its tasks; their results are dropped. The loop must not be
  // running (std::logic_error). With `all_fds` it also closes every registered descriptor: only
  // where nobody else would.
  //
  // A closed loop takes callbacks and timers without a word and frees them; start(), add_handler()
  // and run_in_executor() throw std::runtime_error, and so does a co_await that would have to wait.
  void close(bool all_fds = false);

  // Runs the loop until `function` is done, and returns its result or throws its exception.
  // `function` is plain or a coroutine. Throws TimeoutError after `timeout` seconds (negative:
  // never), std::runtime_error if something else stops the loop first. The coroutine is then
  // cancelled: it ends when the loop runs again, or is freed by close(). Throws what start()
  // throws, without having done anything.
  template <class F>
  auto run_sync(F function, double timeout = -1);

  // Calls `handler(fd, events)` whenever one of `events` is there. Throws std::invalid_argument if
  // the descriptor is negative or has a handler already, std::system_error if it cannot be polled.
  // The descriptor stays the caller's, who removes the handler before closing it. The handler is
  // freed once it is removed and returned; it cannot be a coroutine. It runs in the context that
  // add_handler was called in.
  template <class F>
    requires std::is_invocable_v<F&, int, std::uint32_t>
  void add_handler(int fd, F handler, std::uint32_t events) {
    core::Owned owned(new detail::FunctionHandler<F>(std::move(handler)));
    add_handler(fd, *owned, events);
    owned.release();
  }
  // The same with an object, which must live until it is removed, and runs in no context.
  void add_handler(int fd, EventHandler& handler, std::uint32_t events);
  // Changes what is listened for. Throws std::invalid_argument if the descriptor has no handler.
  void update_handler(int fd, std::uint32_t events);
  // Silent if there is none. The handler does not run again, not even in the batch at hand.
  void remove_handler(int fd);

  // Calls `f(args...)` in the next iteration; `f` is a function or a member function with its
  // object. May be called from any thread. Silent once the loop is closed. `f` may be a coroutine;
  // its captures stay alive until it ends.
  template <class F, class... Args>
  void add_callback(F&& f, Args&&... args) {
    push_callback(detail::make_callback(
        core::capture_context_for(*this),
        detail::bind_callback(std::forward<F>(f), std::forward<Args>(args)...)));
  }
  // The same; says that nobody waits for the result. What fails is logged: it runs in no context,
  // but keeps the caller's alive until it has ended.
  template <class F, class... Args>
  void spawn_callback(F&& f, Args&&... args) {
    push_callback(detail::make_callback(
        {},
        detail::detach(core::capture_context_for(*this),
                       detail::bind_callback(std::forward<F>(f), std::forward<Args>(args)...))));
  }
  // Calls `function(argument)` when the loop next looks for events; in no particular order. May be
  // called in a signal handler: no lock, no allocation. Answers false if kSignalSlots calls are
  // waiting already.
  bool add_callback_from_signal(void (*function)(void*), void* argument) noexcept;
  static constexpr std::size_t kSignalSlots = 64;

  // Calls `callback(future)` on the loop when the future is done.
  template <class T, class F>
  void add_future(const Future<T>& future, F callback) {
    future.add_done_callback(std::move(callback));
  }

  // Calls `f(args...)` at `deadline`, in seconds as time() counts them, or after a std::chrono
  // duration. Timers due at the same moment run in the order they were made. Coroutines are
  // welcome. Throws std::invalid_argument if the deadline is not a number.
  template <class F, class... Args>
  Timeout add_timeout(double deadline, F&& f, Args&&... args) {
    return push_timer(deadline, detail::make_callback(detail::bind_callback(
                                    std::forward<F>(f), std::forward<Args>(args)...)));
  }
  template <core::Duration D, class F, class... Args>
  Timeout add_timeout(const D& delay, F&& f, Args&&... args) {
    return call_later(core::to_seconds(delay), std::forward<F>(f), std::forward<Args>(args)...);
  }
  // After `delay` seconds.
  template <class F, class... Args>
  Timeout call_later(double delay, F&& f, Args&&... args) {
    return add_timeout(time() + delay, std::forward<F>(f), std::forward<Args>(args)...);
  }
  template <core::Duration D, class F, class... Args>
  Timeout call_later(const D& delay, F&& f, Args&&... args) {
    return add_timeout(delay, std::forward<F>(f), std::forward<Args>(args)...);
  }
  template <class F, class... Args>
  Timeout call_at(double when, F&& f, Args&&... args) {
    return add_timeout(when, std::forward<F>(f), std::forward<Args>(args)...);
  }
  // Silent if the timer has fired or was removed.
  void remove_timeout(const Timeout& timeout);

  // Seconds since the epoch, by the loop's clock.
  double time() const;

  // Calls `callback(signal)` on the loop when the process gets `signal`, in no context; replaces an
  // earlier callback for it. One loop at a time may hold a signal (std::logic_error).
  // remove_signal_handler and close() restore what was there before.
  template <class F>
  void add_signal_handler(int signal, F callback) {
    set_signal_callback(signal,
                        detail::make_repeated([callback = std::move(callback), signal]() mutable {
                          return callback(signal);
                        }));
  }
  void remove_signal_handler(int signal);

  // Runs `f(args...)` on a thread of `executor` (null: the loop's own pool, made on first use, 5
  // threads a CPU) and gives its result as a future of the current loop. Arguments are copied or
  // moved into the task.
  template <class F, class... Args>
  auto run_in_executor(concurrent::Executor* executor, F&& f, Args&&... args);
  // Replaces the pool that null means. Not owned.
  void set_default_executor(concurrent::Executor* executor);

  // Watches for callbacks that block: when an iteration has taken `seconds` without asking the
  // poller, `action(SIGALRM)` is called on the loop's thread, in a signal handler, once an
  // iteration. Null instead of an action: SIGALRM ends the process. 0 seconds, the default: no
  // watch. It costs two system calls an iteration, belongs to the whole process while any loop is
  // watched, and lets blocking calls such as nanosleep() return early with EINTR. Throws
  // std::invalid_argument for negative seconds, std::system_error. (set_blocking_signal_threshold)
  void set_blocking_signal_threshold(double seconds, void (*action)(int signal));
  // The same with log_stack. (set_blocking_log_threshold)
  void set_blocking_log_threshold(double seconds);
  // Writes the stack of the calling thread to standard error; a signal handler may, and may be it.
  // Functions of a program have names there if it was linked with -rdynamic. (log_stack)
  static void log_stack(int signal);

  // Which poller it runs on: "epoll", "kqueue" or "poll".
  std::string_view poller_name() const noexcept;

  // Internal: for the rooms of this library. `internals()` is defined in loop/loop_state.h.
  detail::LoopState& internals() noexcept { return *state_; }

 private:
  friend class core::Suspension;

  void set_signal_callback(int signal, const core::Ref<detail::RepeatedCallback>& callback);
  void push_callback(core::Runnable& callback);
  Timeout push_timer(double deadline, core::Runnable& callback);
  concurrent::Executor& executor_or_default(concurrent::Executor* executor);
  void require_startable() const;
  bool start_for(double timeout);  // true: it was the timeout that ended it

  core::Owned<detail::LoopState> state_;
};

// Calls a function every `callback_time` milliseconds (or std::chrono duration), from one period
// after start() on. Runs on the loop that is current at start(). A call that takes longer than the
// period makes it skip to the next multiple; a coroutine never overlaps itself. What a call throws
// goes to the context that start() was called in, or is logged. Destroying the object stops it; so
// does closing the loop. (ioloop.PeriodicCallback)
class PeriodicCallback {
 public:
  // `jitter` spreads each period by up to jitter/2 of it to either side (0.1: ± 5 %).
  // Throws std::invalid_argument if the period is not positive or the jitter not within 0 and 1.
  template <class F>
  PeriodicCallback(F callback, double callback_time_ms, double jitter = 0)
      : PeriodicCallback(detail::make_repeated(std::move(callback)), callback_time_ms, jitter) {}
  template <class F, core::Duration D>
  PeriodicCallback(F callback, const D& callback_time, double jitter = 0)
      : PeriodicCallback(std::move(callback), core::to_seconds(callback_time) * 1e3, jitter) {}
  PeriodicCallback(const PeriodicCallback&) = delete;
  PeriodicCallback& operator=(const PeriodicCallback&) = delete;
  ~PeriodicCallback();

  // Both are silent where there is nothing to do. A call that is under way when stop() comes runs
  // to its end. An object without a name would be stopped again in the same line.
  void start() &;
  void start() && = delete;
  void stop();
  bool is_running() const noexcept;

 private:
  struct State;
  struct Run;
  PeriodicCallback(const core::Ref<detail::RepeatedCallback>& callback, double callback_time_ms,
                   double jitter);

  core::Ref<State> state_;
};

template <class F>
auto IOLoop::run_sync(F function, double timeout) {
  using Call = detail::SyncCall<F>;
  require_startable();
  const core::Ref<Call> call(new Call(std::move(function)));
  struct Scope {  // what is still queued for this call must touch neither the frame nor the loop
    explicit Scope(bool& flag) : over(flag) {}
    ~Scope() { over = true; }
    bool& over;
  };
  std::optional<typename Call::Result> result;
  const Scope scope(call->over);
  add_callback([this, call, &result] {
    if (call->over) return;
    result.emplace(Call::invoke(call));
    result->add_done_callback([this, call](const auto&) {
      if (!call->over) stop();
    });
  });
  const bool timed_out = start_for(timeout);
  if (result && result->done()) return std::move(*result).result();
  if (result) result->cancel();
  if (timed_out) {
    throw TimeoutError("Operation timed out after " + detail::format_seconds(timeout) + " seconds");
  }
  throw std::runtime_error("IOLoop stopped before the function had finished");
}

template <class F, class... Args>
auto IOLoop::run_in_executor(concurrent::Executor* executor, F&& f, Args&&... args) {
  return executor_or_default(executor).submit(std::forward<F>(f), std::forward<Args>(args)...);
}

}  // namespace tornado::ioloop
