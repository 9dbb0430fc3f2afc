// Public header: IOLoop, one thread's event loop, and PeriodicCallback. Mirrors tornado.ioloop.
#pragma once

#include <tornado/concurrent.h>
#include <tornado/core/loop_items.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace tornado::ioloop {

struct IOLoopOptions;
class LoopProbe;

// An event loop on one thread.
//
// start() repeats this iteration until stop():
//   1. run the callbacks that were queued when the iteration began;
//   2. run the timers that are due, earliest first;
//   3. resume the coroutines and run the done-callbacks whose futures have completed, or complete
//      meanwhile: at most kReadyBudget of them, with step 4 after every kMaxEvents of them;
//   4. write out what streams have queued, and the log;
//   5. compute how long to sleep: not at all if anything is queued, otherwise until the next timer;
//   6. ask the poller for events (epoll_wait);
//   7. handle each event; a handler removed in the same batch does not run;
//   8. free what was released during the iteration.
//
// Only add_callback, spawn_callback, stop, running and add_callback_from_signal may be called from
// another thread while the loop runs; there, handlers and timers throw std::logic_error. A loop may
// be made on one thread and run on another, but must be destroyed where it is current. A function
// given to the loop for later runs in the context that was current when it was given
// (tornado/stack_context.h). An exception that leaves a callback goes to that context, or is logged
// to tornado.application; the loop continues.
class IOLoop {
 public:
  // Event masks, with epoll's values. ERROR is always reported, requested or not.
  static constexpr std::uint32_t NONE = 0;
  static constexpr std::uint32_t READ = 0x001;
  static constexpr std::uint32_t WRITE = 0x004;
  static constexpr std::uint32_t ERROR = 0x018;

  // The number of completed futures served in one iteration before the poller is asked again.
  static constexpr int kReadyBudget = 1024;
  // The number of events taken from the poller at a time, and of futures served before streams
  // write out what they have queued: each connection is then still in the CPU's cache.
  static constexpr int kMaxEvents = 64;

  // Returns this thread's loop. It is made at first use and kept until the thread ends.
  static IOLoop& current();
  // The same, but returns null if the thread has no loop and `instance` is false.
  static IOLoop* current(bool instance);
  // Returns the main thread's loop, as in Tornado 4. On another thread, throws std::runtime_error
  // if the main thread has none.
  static IOLoop& instance();

  // Makes a loop. The first loop makes the process ignore SIGPIPE, so that writing to a closed
  // connection fails with an error code instead of killing the process.
  IOLoop();
  explicit IOLoop(const IOLoopOptions& options);
  IOLoop(const IOLoop&) = delete;
  IOLoop& operator=(const IOLoop&) = delete;
  // Closes the loop if close() was not called.
  ~IOLoop();

  // Make this loop the one that current() returns on this thread, or make the thread have none.
  // start() does this by itself while it runs.
  void make_current();
  static void clear_current();

  // Runs until stop(). Throws std::runtime_error if a loop already runs on this thread, or if this
  // one is closed. If stop() was called before, returns at once.
  void start();
  // Makes start() return at the end of the current iteration. Any thread.
  void stop();
  // Returns whether start() is running. Any thread.
  bool running() const noexcept;

  // Releases everything: handlers, timers, queued callbacks (which are not run), and waiting
  // coroutines (their frames are destroyed, an awaited one before the one that awaits it). Then
  // waits until the loop's own pool has finished its tasks, whose results are dropped. Throws
  // std::logic_error if the loop is running. With `all_fds` it also closes every registered
  // descriptor; use that only if nothing else closes them.
  //
  // A closed loop silently accepts and frees callbacks and timers. start(), add_handler(),
  // run_in_executor(), and any co_await that would have to wait throw std::runtime_error.
  void close(bool all_fds = false);

  // Runs the loop until `function`, plain or a coroutine, has finished. Returns its result or
  // throws its exception. Throws TimeoutError after `timeout` seconds (negative: never), and
  // std::runtime_error if something else stops the loop first. In both cases the coroutine is
  // cancelled: it ends when the loop runs again, or is freed by close(). If start() would throw,
  // throws the same before doing anything.
  template <class F>
  auto run_sync(F function, core::Seconds timeout = -1);

  // Calls `handler(fd, events)` whenever one of `events` is ready, in the context in which
  // add_handler was called. The handler cannot be a coroutine. Throws std::invalid_argument if the
  // descriptor is negative or already has a handler, and std::system_error if it cannot be polled.
  // The caller keeps ownership of the descriptor, and must remove the handler before closing it.
  // The handler is freed once it has been removed and has returned.
  template <class F>
    requires std::is_invocable_v<F&, int, std::uint32_t>
  void add_handler(int fd, F handler, std::uint32_t events) {
    core::Owned owned(new core::FunctionHandler<F>(std::move(handler)));
    add_handler(fd, *owned, events);
    owned.release();
  }
  // The same with an object, which must live until it is removed. It runs in no context.
  void add_handler(int fd, EventHandler& handler, std::uint32_t events);
  // Changes the events to watch. Throws std::invalid_argument if the descriptor has no handler.
  void update_handler(int fd, std::uint32_t events);
  // Removes the handler, which does not run again, not even for events already received. Does
  // nothing if there is none.
  void remove_handler(int fd);

  // Calls `f(args...)` in the next iteration. `f` is a function, or a member function with its
  // object; it may be a coroutine, whose captures stay alive until it ends. Does nothing once the
  // loop is closed. Any thread.
  template <class F, class... Args>
  void add_callback(F&& f, Args&&... args) {
    push_callback(
        core::make_callback(core::capture_context_for(*this),
                            core::bind_callback(std::forward<F>(f), std::forward<Args>(args)...)));
  }
  // The same for a call whose result nobody awaits. It runs in no context, so its exceptions are
  // logged, but keeps the caller's context alive until it has ended.
  template <class F, class... Args>
  void spawn_callback(F&& f, Args&&... args) {
    push_callback(core::make_callback(
        {}, core::detach(core::capture_context_for(*this),
                         core::bind_callback(std::forward<F>(f), std::forward<Args>(args)...))));
  }
  // Calls `function(argument)` when the loop next checks for events, in no particular order. Safe
  // in a signal handler: takes no lock, allocates nothing. Returns false if kSignalSlots calls are
  // already waiting.
  bool add_callback_from_signal(void (*function)(void*), void* argument) noexcept;
  static constexpr std::size_t kSignalSlots = 64;

  // Calls `callback(future)` on the loop when the future is done.
  template <class T, class F>
  void add_future(const Future<T>& future, F callback) {
    future.add_done_callback(std::move(callback));
  }

  // Calls `f(args...)` at `deadline`, in seconds on the clock of time(), or after a std::chrono
  // duration. `f` may be a coroutine. Timers due at the same moment run in the order they were
  // made. Throws std::invalid_argument if the deadline is not a number, or is a
  // positive number that is a year or more in the past: then it is seconds from now by mistake.
  template <class F, class... Args>
  Timeout add_timeout(double deadline, F&& f, Args&&... args) {
    return push_timer(deadline, core::make_callback(core::bind_callback(
                                    std::forward<F>(f), std::forward<Args>(args)...)));
  }
  template <core::Duration D, class F, class... Args>
  Timeout add_timeout(const D& delay, F&& f, Args&&... args) {
    return call_later(core::to_seconds(delay), std::forward<F>(f), std::forward<Args>(args)...);
  }
  // The same after `delay` seconds.
  template <class F, class... Args>
  Timeout call_later(double delay, F&& f, Args&&... args) {
    return add_timeout(time() + delay, std::forward<F>(f), std::forward<Args>(args)...);
  }
  template <core::Duration D, class F, class... Args>
  Timeout call_later(const D& delay, F&& f, Args&&... args) {
    return add_timeout(delay, std::forward<F>(f), std::forward<Args>(args)...);
  }
  // The same at the time `when`, as add_timeout() takes it.
  template <class F, class... Args>
  Timeout call_at(double when, F&& f, Args&&... args) {
    return add_timeout(when, std::forward<F>(f), std::forward<Args>(args)...);
  }
  // Cancels a timer. Does nothing if it has fired or was removed.
  void remove_timeout(const Timeout& timeout);

  // Returns the seconds since the epoch, by the loop's clock.
  double time() const;

  // Calls `callback(signal)` on the loop, in no context, when the process receives `signal`.
  // Replaces an earlier callback for it. Throws std::logic_error if another loop holds the signal.
  // remove_signal_handler() and close() restore the previous disposition.
  template <class F>
  void add_signal_handler(int signal, F callback) {
    set_signal_callback(signal,
                        core::make_repeated([callback = std::move(callback), signal]() mutable {
                          return callback(signal);
                        }));
  }
  void remove_signal_handler(int signal);

  // Runs `f(args...)` on a thread of `executor` and returns its result as a future of the current
  // loop. Null means the loop's own pool, made on first use with 5 threads per CPU. Arguments are
  // copied or moved into the task.
  template <class F, class... Args>
  auto run_in_executor(concurrent::Executor* executor, F&& f, Args&&... args);
  // Sets the executor that null means. Not owned.
  void set_default_executor(concurrent::Executor* executor);

  // Detects callbacks that block: when an iteration has run for `seconds` without asking the
  // poller, calls `action(SIGALRM)`, at most once per iteration, in a signal handler on the loop's
  // thread. With a null action, SIGALRM ends the process. 0 seconds, the default, turns this off.
  // It costs two system calls per iteration, uses the process's SIGALRM while any loop is watched,
  // and makes blocking calls such as nanosleep() return early with EINTR. Throws
  // std::invalid_argument for negative seconds, and std::system_error if a system call fails.
  // (set_blocking_signal_threshold)
  void set_blocking_signal_threshold(core::Seconds seconds, void (*action)(int signal));
  // The same with log_stack as the action. (set_blocking_log_threshold)
  void set_blocking_log_threshold(core::Seconds seconds);
  // Writes the stack of the calling thread to standard error. Can be called from a signal handler,
  // and used as one. A program's functions appear by name if it was linked with -rdynamic.
  // (log_stack)
  static void log_stack(int signal);

  // Reports to `probe` what the loop does from now on; null, the default, ends that. Reports first
  // the descriptors and the suspended coroutines that are there already, with the flag kEarlier.
  // Not owned: destroying the probe, or closing the loop, ends the reports too. A loop without a
  // probe pays for this with a comparison that is always false. Throws std::invalid_argument if
  // another loop reports to `probe`. See tornado/loop_probe.h.
  void set_probe(LoopProbe* probe);

  // Returns the poller in use: "epoll", "kqueue" or "poll".
  std::string_view poller_name() const noexcept;

  // Internal: for the rooms of this library. `internals()` is defined in loop/loop_state.h.
  detail::LoopState& internals() noexcept { return *state_; }

 private:
  friend class core::Suspension;

  void set_signal_callback(int signal, const core::Ref<core::RepeatedCallback>& callback);
  void push_callback(core::Runnable& callback);
  Timeout push_timer(double deadline, core::Runnable& callback);
  concurrent::Executor& executor_or_default(concurrent::Executor* executor);
  void require_startable() const;
  bool start_for(double timeout);  // true: the timeout ended it

  core::Owned<detail::LoopState> state_;
};

// ---- options and errors -------------------------------------------------------------------------

// Tells a loop the time. The default is a monotonic clock, set to epoch seconds when the process
// starts, so it never jumps when somebody sets the date.
class Clock {
 public:
  virtual ~Clock() = default;

  // Seconds since the epoch. Must not run backwards.
  virtual double time() = 0;

  // Called when the loop has nothing to do for `seconds`. A simulated clock moves ahead and returns
  // true; the loop then checks for events without sleeping.
  virtual bool skip(double /*seconds*/) { return false; }
};

// A clock that advances only when the loop would sleep, so a test of an hour takes no time. It does
// not wait for other threads: while an executor works, the next timer may fire first.
class VirtualClock final : public Clock {
 public:
  explicit VirtualClock(double start = 1'000'000'000.0) : now_(start) {}
  double time() override { return now_; }
  bool skip(double seconds) override {
    now_ += seconds;
    return true;
  }
  // Moves the time ahead. Timers that become due run in the loop's next iteration.
  void advance(core::Seconds seconds) { now_ += seconds; }

 private:
  double now_;
};

// Decides whether a new loop becomes IOLoop::current() of the thread that makes it.
enum class MakeCurrent {
  kIfNone,  // if the thread has none yet (the default)
  kNo,
  kYes,  // throws std::runtime_error if the thread has one
};

struct IOLoopOptions {
  IOLoopOptions() {}

  std::string_view poller;  // "epoll", "kqueue" or "poll"; empty: the best one here
  Clock* clock = nullptr;   // not owned, must outlive the loop; null: the real clock
  MakeCurrent make_current = MakeCurrent::kIfNone;  // whether current() returns it from now on
};

// An operation exceeded its time limit (tornado.util.TimeoutError; gen::TimeoutError is the same
// type).
class TimeoutError : public std::runtime_error {
 public:
  explicit TimeoutError(const std::string& message = "Timeout") : std::runtime_error(message) {}
};

// ---- PeriodicCallback ---------------------------------------------------------------------------

// Calls a function every `callback_time` milliseconds (or std::chrono duration), first one period
// after start(), on the loop that is current at start(). If a call takes longer than the period,
// the calls it missed are skipped, not replayed; a coroutine never overlaps itself. An exception
// that leaves a call goes to the context in which start() was called, or is logged. Destroying the
// object, or closing the loop, stops it. (ioloop.PeriodicCallback)
class PeriodicCallback {
 public:
  // `jitter` shifts each period randomly by up to jitter/2 of it in either direction (0.1: ± 5 %).
  // Throws std::invalid_argument if the period is not positive, or if the jitter is not within 0
  // and 1.
  template <class F>
  PeriodicCallback(F callback, double callback_time_ms, double jitter = 0)
      : PeriodicCallback(core::make_repeated(std::move(callback)), callback_time_ms, jitter) {}
  template <class F, core::Duration D>
  PeriodicCallback(F callback, const D& callback_time, double jitter = 0)
      : PeriodicCallback(std::move(callback), core::to_seconds(callback_time) * 1e3, jitter) {}
  PeriodicCallback(const PeriodicCallback&) = delete;
  PeriodicCallback& operator=(const PeriodicCallback&) = delete;
  ~PeriodicCallback();

  // Start and stop the calls. Starting twice, or stopping twice, has no effect. A call in progress
  // at stop() runs to its end. start() is deleted for a temporary, which would be stopped again at
  // the end of the statement.
  void start() &;
  void start() && = delete;
  void stop();
  // Returns true from start() to stop().
  bool is_running() const noexcept;

 private:
  struct State;
  struct Run;
  PeriodicCallback(const core::Ref<core::RepeatedCallback>& callback, double callback_time_ms,
                   double jitter);

  core::Ref<State> state_;
};

// ---- templates ----------------------------------------------------------------------------------

template <class F>
auto IOLoop::run_sync(F function, core::Seconds timeout) {
  using Call = core::SyncCall<F>;
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
    throw TimeoutError("Operation timed out after " + core::format_seconds(timeout) + " seconds");
  }
  throw std::runtime_error("IOLoop stopped before the function had finished");
}

template <class F, class... Args>
auto IOLoop::run_in_executor(concurrent::Executor* executor, F&& f, Args&&... args) {
  return executor_or_default(executor).submit(std::forward<F>(f), std::forward<Args>(args)...);
}

}  // namespace tornado::ioloop
