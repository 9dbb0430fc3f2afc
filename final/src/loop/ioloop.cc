#include <signal.h>
#include <sys/syscall.h>
#include <tornado/ioloop.h>
#include <unistd.h>

#include <charconv>
#include <mutex>
#include <thread>

#include "loop/loop_state.h"
#include "loop/signals.h"

namespace tornado::ioloop {

using tornado::detail::thread_state;

// ---- which loop
// -----------------------------------------------------------------------------------

namespace {

std::atomic<IOLoop*> main_loop = nullptr;

bool on_main_thread() {
  return ::getpid() == static_cast<pid_t>(::syscall(SYS_gettid));
}

// Owns the loop that current() made for a thread.
thread_local std::unique_ptr<IOLoop> loop_on_demand;

void ignore_sigpipe() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction now{};
    ::sigaction(SIGPIPE, nullptr, &now);
    if (now.sa_handler == SIG_DFL) ::signal(SIGPIPE, SIG_IGN);
  });
}

// For the length of a call, `loop` is the thread's current loop.
class CurrentScope {
 public:
  explicit CurrentScope(IOLoop* loop) : before_(std::exchange(thread_state.current, loop)) {}
  CurrentScope(const CurrentScope&) = delete;
  CurrentScope& operator=(const CurrentScope&) = delete;
  ~CurrentScope() { thread_state.current = before_; }

 private:
  IOLoop* before_;
};

}  // namespace

IOLoop& IOLoop::current() {
  if (thread_state.current == nullptr) {
    IOLoopOptions options;
    options.make_current = MakeCurrent::kYes;
    loop_on_demand = std::make_unique<IOLoop>(options);
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

// ---- life
// -----------------------------------------------------------------------------------------

IOLoop::IOLoop(const IOLoopOptions& options) {
  if (options.make_current == MakeCurrent::kYes && thread_state.current != nullptr) {
    throw std::runtime_error("this thread has a current IOLoop already");
  }
  ignore_sigpipe();
  state_ = std::make_unique<detail::LoopState>(options);
  if (options.make_current != MakeCurrent::kNo && thread_state.current == nullptr) make_current();
}

IOLoop::~IOLoop() {
  close();
  if (thread_state.current == this) thread_state.current = nullptr;
  IOLoop* self = this;
  main_loop.compare_exchange_strong(self, nullptr);
}

void IOLoop::start() {
  if (thread_state.running != nullptr) {
    throw std::runtime_error("an IOLoop is already running on this thread");
  }
  if (state_->closed) throw std::runtime_error("the IOLoop is closed");
  const CurrentScope scope(this);
  thread_state.running = this;
  state_->running = true;
  while (!state_->stop_requested.load(std::memory_order_relaxed)) state_->run_iteration();
  state_->stop_requested.store(false);
  state_->flush();
  state_->running = false;
  thread_state.running = nullptr;
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
  Timeout timer;
  if (timeout >= 0) {
    timer = call_later(timeout, [this, &timed_out] {
      timed_out = true;
      stop();
    });
  }
  start();
  remove_timeout(timer);
  return timed_out;
}

void IOLoop::close(bool all_fds) {
  detail::LoopState& state = *state_;
  if (state.running) throw std::logic_error("an IOLoop must be stopped before it is closed");
  if (state.closed) return;
  state.closed = true;
  // What destructors do from here on must not reach another loop.
  const CurrentScope scope(this);
  while (state.jobs.linked()) {
    auto* job = static_cast<concurrent::detail::Job*>(state.jobs.next());
    job->unlink();
    job->abandon();
  }
  state.mailbox->close(state.callbacks);
  while (!state.timers.empty()) {
    detail::TimerNode& node = state.timers.pop();
    if (tornado::detail::Runnable* callback = node.take()) callback->discard();
    node.release();
  }
  do {
    state.discard_queues();
    while (state.suspended.linked()) {
      auto* hook = static_cast<tornado::detail::Suspension::Hook*>(state.suspended.next());
      hook->unlink();
      hook->suspension->handle_.destroy();
    }
    for (std::size_t place = 0; place < state.registrations.size(); ++place) {
      const int fd = static_cast<int>(place);
      if (state.registrations[place].handler == nullptr) continue;
      state.remove_registration(fd);
      if (all_fds && fd != state.mailbox->fd()) ::close(fd);
    }
    state.discard_queues();
  } while (state.suspended.linked());
  state.signals->clear();
  state.own_executor.reset();
}

// ---- what to run
// ------------------------------------------------------------------------------------

void IOLoop::add_handler(int fd, EventHandler& handler, std::uint32_t events) {
  state_->add_registration(fd, handler, events);
}

void IOLoop::update_handler(int fd, std::uint32_t events) {
  const auto place = static_cast<std::size_t>(fd);
  if (fd < 0 || place >= state_->registrations.size() ||
      state_->registrations[place].handler == nullptr) {
    throw std::invalid_argument("descriptor " + std::to_string(fd) + " has no handler");
  }
  const std::uint32_t generation = state_->registrations[place].generation;
  state_->poller->modify(
      fd, events | ERROR,
      static_cast<std::uint64_t>(generation) << 32 | static_cast<std::uint32_t>(fd));
}

void IOLoop::remove_handler(int fd) {
  state_->remove_registration(fd);
}

void detail::retire(tornado::detail::Runnable& handler) {
  IOLoop* running = thread_state.running;
  if (running != nullptr) {
    running->internals().retired.push_back(handler);
  } else {
    handler.run();
  }
}

void IOLoop::push_callback(tornado::detail::Runnable& callback) {
  tornado::detail::schedule_next_round(*this, callback);
}

bool IOLoop::add_callback_from_signal(void (*function)(void*), void* argument) noexcept {
  if (!state_->signals->leave(function, argument)) return false;
  state_->mailbox->wake();
  return true;
}

Timeout IOLoop::push_timer(double deadline, tornado::detail::Runnable& callback) {
  auto* node = new detail::TimerNode(callback);
  node->retain();  // one for the heap, one for the handle
  state_->timers.push(deadline, *node);
  return Timeout(node);
}

void IOLoop::remove_timeout(const Timeout& timeout) {
  if (timeout.node_ == nullptr) return;
  if (tornado::detail::Runnable* callback = timeout.node_->take()) callback->discard();
  if (state_->timers.remove(*timeout.node_)) timeout.node_->release();
}

double IOLoop::time() const {
  return state_->clock->time();
}

std::string_view IOLoop::poller_name() const noexcept {
  return state_->poller->name();
}

void IOLoop::set_signal_callback(int signal, std::shared_ptr<detail::RepeatedCallback> callback) {
  state_->signals->set(signal, std::move(callback), state_->mailbox);
}

void IOLoop::remove_signal_handler(int signal) {
  state_->signals->remove(signal);
}

void IOLoop::set_default_executor(concurrent::Executor* executor) {
  state_->default_executor = executor;
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

// ---- Timeout
// ----------------------------------------------------------------------------------------

Timeout::Timeout(const Timeout& other) noexcept : node_(other.node_) {
  if (node_ != nullptr) node_->retain();
}

Timeout::~Timeout() {
  if (node_ != nullptr) node_->release();
}

bool Timeout::pending() const noexcept {
  return node_ != nullptr && node_->pending();
}

std::string detail::format_seconds(double seconds) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, seconds).ptr;
  return std::string(text, end);
}

}  // namespace tornado::ioloop
