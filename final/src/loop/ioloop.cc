#include <signal.h>
#include <sys/syscall.h>
#include <tornado/core/context.h>
#include <tornado/ioloop.h>
#include <unistd.h>

#include <charconv>
#include <cmath>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "loop/loop_state.h"
#include "loop/probe/trace_file.h"
#include "loop/signals.h"

namespace tornado::ioloop {

using core::thread_state;

// ---- which loop ---------------------------------------------------------------------------------

namespace {

std::atomic<IOLoop*> main_loop = nullptr;

bool on_main_thread() {
  return ::getpid() == static_cast<pid_t>(::syscall(SYS_gettid));
}

// The loops that current() made for a thread. More than one if clear_current() was called in
// between, because somebody may still hold the earlier ones.
struct LoopsOnDemand {
  LoopsOnDemand() = default;
  LoopsOnDemand(const LoopsOnDemand&) = delete;
  LoopsOnDemand& operator=(const LoopsOnDemand&) = delete;
  ~LoopsOnDemand() {
    over = true;
    // Otherwise exit() was called in a callback, and the loop is still running it.
    if (thread_state.running == nullptr) delete &loops;
  }

  std::vector<std::unique_ptr<IOLoop>>& loops = *new std::vector<std::unique_ptr<IOLoop>>;
  static constinit thread_local bool over;
};
constinit thread_local bool LoopsOnDemand::over = false;
thread_local LoopsOnDemand on_demand;

void ignore_sigpipe() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction now{};
    ::sigaction(SIGPIPE, nullptr, &now);
    if (now.sa_handler == SIG_DFL) ::signal(SIGPIPE, SIG_IGN);
  });
}

// Gives a variable another value for the length of a call.
template <class T>
class Exchanged {
 public:
  Exchanged(T& variable, T value)
      : variable_(variable), before_(std::exchange(variable, std::move(value))) {}
  Exchanged(const Exchanged&) = delete;
  Exchanged& operator=(const Exchanged&) = delete;
  ~Exchanged() { variable_ = before_; }

 private:
  T& variable_;
  const T before_;
};

// Marks the loop as running for the length of start(). The loop runs in no context, whatever
// context start() was called in.
class RunningScope {
 public:
  explicit RunningScope(IOLoop& loop) : running_(loop.internals().running) {
    thread_state.running = &loop;
    running_ = true;
  }
  RunningScope(const RunningScope&) = delete;
  RunningScope& operator=(const RunningScope&) = delete;
  ~RunningScope() {
    running_ = false;
    thread_state.running = nullptr;
  }

 private:
  std::atomic<bool>& running_;
  const core::ContextScope no_context_{nullptr};
};

// Times the iterations for the length of start().
class WatchScope {
 public:
  explicit WatchScope(detail::LoopState& state) : state_(state) {
    if (state_.watch != nullptr) state_.watch->begin();
  }
  WatchScope(const WatchScope&) = delete;
  WatchScope& operator=(const WatchScope&) = delete;
  ~WatchScope() {
    if (state_.watch != nullptr) state_.watch->leave();
  }

 private:
  detail::LoopState& state_;
};

void require_own_thread(const IOLoop& loop, const detail::LoopState& state) {
  if (state.running && thread_state.running != &loop) {
    throw std::logic_error(
        "an IOLoop was used on a thread that is not its own; hand over with IOLoop::add_callback");
  }
}

}  // namespace

IOLoop& IOLoop::current() {
  if (thread_state.current == nullptr) {
    IOLoopOptions options;
    options.make_current = MakeCurrent::kYes;
    if (LoopsOnDemand::over) throw std::runtime_error("this thread is ending and has no IOLoop");
    on_demand.loops.push_back(std::make_unique<IOLoop>(options));
  }
  return *thread_state.current;
}

IOLoop* IOLoop::current(bool instance) {
  return instance ? &current() : thread_state.current;
}

IOLoop& IOLoop::instance() {
  if (on_main_thread()) return current();
  IOLoop* loop = main_loop.load();
  if (loop == nullptr) throw std::runtime_error("the main thread has no IOLoop");
  return *loop;
}

void IOLoop::make_current() {
  thread_state.current = this;
  if (on_main_thread()) main_loop.store(this);
}

void IOLoop::clear_current() {
  if (on_main_thread()) main_loop.store(nullptr);
  thread_state.current = nullptr;
}

// ---- life ---------------------------------------------------------------------------------------

IOLoop::IOLoop() : IOLoop(IOLoopOptions()) {}

IOLoop::IOLoop(const IOLoopOptions& options) {
  if (options.make_current == MakeCurrent::kYes && thread_state.current != nullptr) {
    throw std::runtime_error("this thread has a current IOLoop already");
  }
  ignore_sigpipe();
  state_ = core::Owned(new detail::LoopState(options));
  if (options.make_current != MakeCurrent::kNo && thread_state.current == nullptr) make_current();
}

IOLoop::~IOLoop() {
  close();
  if (thread_state.current == this) thread_state.current = nullptr;
  IOLoop* self = this;
  main_loop.compare_exchange_strong(self, nullptr);
}

void detail::throw_thread_without_loop() {
  throw std::logic_error(
      "this belongs to an IOLoop and was used on a thread that has none; hand over with "
      "IOLoop::add_callback");
}

void IOLoop::require_startable() const {
  if (thread_state.running != nullptr) {
    throw std::runtime_error("an IOLoop is already running on this thread");
  }
  if (state_->running) throw std::runtime_error("the IOLoop is already running on another thread");
  if (state_->closed) throw std::runtime_error("the IOLoop is closed");
}

void IOLoop::start() {
  require_startable();
  if (!state_->trace_begun) state_->begin_trace();
  const Exchanged current(thread_state.current, this);
  const RunningScope running(*this);
  const WatchScope watched(*state_);
  while (!state_->stop_requested.load(std::memory_order_relaxed)) state_->run_iteration();
  state_->stop_requested.store(false);
  state_->flush();
}

void IOLoop::stop() {
  state_->stop_requested.store(true);
  if (thread_state.running != this) state_->mailbox->wake();
}

bool IOLoop::running() const noexcept {
  return state_->running;
}

bool IOLoop::start_for(double timeout) {
  bool timed_out = false;
  struct TimerScope {
    ~TimerScope() { loop.remove_timeout(timer); }
    IOLoop& loop;
    Timeout timer;
  } scope{*this, {}};
  if (timeout >= 0) {
    scope.timer = call_later(timeout, [this, &timed_out] {
      timed_out = true;
      stop();
    });
  }
  start();
  return timed_out;
}

void IOLoop::close(bool all_fds) {
  detail::LoopState& state = *state_;
  if (state.running) throw std::logic_error("an IOLoop must be stopped before it is closed");
  if (state.closed) return;
  state.closed = true;
  // Destructors that run from here on find this loop, and find it closed. What they start ends at
  // once, so each of these steps is needed only once.
  const Exchanged current(thread_state.current, this);
  // Allows the use of futures of the thread that the loop ran on.
  const Exchanged closing(thread_state.closing, true);
  const core::ContextScope no_context(nullptr);
  state.free_locals();
  state.abandon_jobs();
  state.mailbox->close(state.callbacks);
  state.discard_timers();
  state.discard_queues();
  state.free_frames();
  state.remove_registrations(all_fds);
  state.signals->clear();
  state.own_executor.reset();
  state.watch.reset();
  state.discard_queues();  // again, for what these steps released
}

// ---- what to run --------------------------------------------------------------------------------

void IOLoop::add_handler(int fd, EventHandler& handler, std::uint32_t events) {
  require_own_thread(*this, *state_);
  if (state_->closed) throw std::runtime_error("the IOLoop is closed");
  state_->add_registration(fd, handler, events);
}

void IOLoop::update_handler(int fd, std::uint32_t events) {
  require_own_thread(*this, *state_);
  state_->update_registration(fd, events);
}

void IOLoop::remove_handler(int fd) {
  require_own_thread(*this, *state_);
  state_->remove_registration(fd);
}

void IOLoop::push_callback(core::Runnable& callback) {
  core::schedule_next_round(*this, callback);
}

bool IOLoop::add_callback_from_signal(void (*function)(void*), void* argument) noexcept {
  if (!state_->signals->leave(function, argument)) return false;
  state_->mailbox->wake();
  return true;
}

Timeout IOLoop::push_timer(double deadline, core::Runnable& callback) {
  const core::Ref timer(new core::Timer(callback));
  if (std::isnan(deadline)) throw std::invalid_argument("the deadline of a timer is not a number");
  require_own_thread(*this, *state_);
  core::require_plausible(deadline, time());
  if (state_->closed) return {};
  state_->timers.push(deadline, timer);
  if (state_->recorder != nullptr) [[unlikely]]
    state_->recorder->timer_set(callback, deadline - time());
  return Timeout(timer);
}

void IOLoop::remove_timeout(const Timeout& timeout) {
  if (!timeout.pending()) return;
  require_own_thread(*this, *state_);
  // Outlives the discarding: the callback may own the object that has `timeout` as a member.
  const core::Ref<core::Timer> timer = timeout.timer_;
  state_->timers.remove(*timer);
  core::Runnable* callback = timer->take();
  if (state_->recorder != nullptr) [[unlikely]]
    state_->recorder->timer_removed(*callback);
  callback->discard();
}

void IOLoop::set_probe(LoopProbe* probe) {
  require_own_thread(*this, *state_);
  state_->set_probe(probe);
}

LoopProbe::~LoopProbe() {
  if (watched_ != nullptr) watched_->set_probe(nullptr);
}

double IOLoop::time() const {
  return state_->clock->time();
}

std::string_view IOLoop::poller_name() const noexcept {
  return state_->poller->name();
}

void IOLoop::set_signal_callback(int signal, const core::Ref<core::RepeatedCallback>& callback) {
  require_own_thread(*this, *state_);
  if (state_->closed) throw std::runtime_error("the IOLoop is closed");
  state_->signals->set(signal, callback, state_->mailbox);
}

void IOLoop::remove_signal_handler(int signal) {
  require_own_thread(*this, *state_);
  state_->signals->remove(signal);
}

void IOLoop::set_default_executor(concurrent::Executor* executor) {
  state_->default_executor = executor;
}

void IOLoop::set_blocking_signal_threshold(core::Seconds seconds, void (*action)(int signal)) {
  require_own_thread(*this, *state_);
  state_->watch.reset();
  if (seconds == 0) return;
  auto watch = std::make_unique<detail::BlockingWatch>(seconds, action);
  if (state_->running) watch->begin();
  state_->watch = std::move(watch);
}

void IOLoop::set_blocking_log_threshold(core::Seconds seconds) {
  set_blocking_signal_threshold(seconds, &IOLoop::log_stack);
}

concurrent::Executor& IOLoop::executor_or_default(concurrent::Executor* executor) {
  if (executor != nullptr) return *executor;
  if (state_->default_executor != nullptr) return *state_->default_executor;
  if (state_->own_executor == nullptr) {
    const std::size_t cpus = std::max(1U, std::thread::hardware_concurrency());
    state_->own_executor = std::make_unique<concurrent::ThreadPoolExecutor>(5 * cpus);
  }
  return *state_->own_executor;
}

}  // namespace tornado::ioloop

namespace tornado::core {

void retire(OwnedRunnable& object) {
  ioloop::IOLoop* running = thread_state.running;
  if (running == nullptr && thread_state.closing) running = thread_state.current;
  if (running != nullptr) {
    running->internals().retired.push_back(object);
  } else {
    object.run();
  }
}

void require_plausible(double deadline, double now) {
  constexpr double kYear = 365 * 86'400.0;
  if (deadline <= 0 || !(deadline < now - kYear)) return;
  const std::string seconds = format_seconds(deadline);
  throw std::invalid_argument("the deadline " + seconds +
                              " is years in the past: a number is a time on the clock of "
                              "IOLoop::time(). For " +
                              seconds + " s from now, pass a std::chrono duration, such as " +
                              seconds + "s, or add IOLoop::time()");
}

void require_plausible(double deadline) {
  if (const auto* loop = ioloop::IOLoop::current(false)) require_plausible(deadline, loop->time());
}

std::string format_seconds(double seconds) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, seconds).ptr;
  return std::string(text, end);
}

}  // namespace tornado::core
