#include "03-ioloop/ioloop.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace mini {
namespace {

constexpr int kMaxEvents = 256;         // per epoll_wait; the next call returns the rest
constexpr double kLongestSleep = 3600;  // seconds
thread_local IOLoop* current_loop = nullptr;

}  // namespace

static_assert(IOLoop::READ == EPOLLIN && IOLoop::WRITE == EPOLLOUT &&
              IOLoop::ERROR == (EPOLLERR | EPOLLHUP));

IOLoop::IOLoop(Clock& clock) : clock_(clock), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_.fd() < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  add_handler(waker_.fd(), [this](int, std::uint32_t) { waker_.drain(); }, READ);
  if (current_loop == nullptr) current_loop = this;
}

// [destructor]
IOLoop::~IOLoop() {
  {
    // Freeing these functions frees their captures, and those may call the loop: a connection
    // removes its handler, for example. So they are freed here, while the loop is still whole.
    const auto handlers = std::exchange(handlers_, {});
    const auto timers = std::exchange(timers_, {});
    const auto callbacks = std::exchange(callbacks_, {});
    const auto signal_handlers = std::exchange(signal_handlers_, {});
    const auto kept = std::exchange(kept_, {});
  }
  if (current_loop == this) current_loop = nullptr;
}
// [/destructor]

IOLoop& IOLoop::current() {
  if (current_loop == nullptr) throw std::logic_error("no IOLoop was made on this thread");
  return *current_loop;
}

// [start]
void IOLoop::start() {
  while (true) {
    run_callbacks();
    run_timers();
    if (std::exchange(stopping_, false)) return;
    const double asleep = time();
    wait_for_events(milliseconds_to_sleep());
    if (probe_) probe_({asleep, time()});
    handle_events();
  }
}

void IOLoop::stop() {
  add_callback([this] { stopping_ = true; });
}
// [/start]

// [handlers]
void IOLoop::add_handler(int fd, EventHandler handler, std::uint32_t events) {
  if (handlers_.contains(fd)) {
    throw std::invalid_argument("descriptor " + std::to_string(fd) + " has a handler already");
  }
  control(EPOLL_CTL_ADD, fd, events);
  handlers_[fd] = std::make_shared<const EventHandler>(std::move(handler));
}

void IOLoop::update_handler(int fd, std::uint32_t events) {
  if (!handlers_.contains(fd)) {
    throw std::invalid_argument("descriptor " + std::to_string(fd) + " has no handler");
  }
  control(EPOLL_CTL_MOD, fd, events);
}

void IOLoop::remove_handler(int fd) {
  if (handlers_.erase(fd) == 0) return;
  pending_.erase(fd);
  ::epoll_ctl(epoll_.fd(), EPOLL_CTL_DEL, fd, nullptr);  // fails if `fd` is closed: harmless
}
// [/handlers]

// [control]
void IOLoop::control(int operation, int fd, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  if (::epoll_ctl(epoll_.fd(), operation, fd, &event) != 0) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
}
// [/control]

// [wait]
void IOLoop::wait_for_events(int milliseconds) {
  std::array<epoll_event, kMaxEvents> events;
  const int count = ::epoll_wait(epoll_.fd(), events.data(), kMaxEvents, milliseconds);
  if (count < 0 && errno != EINTR) {
    throw std::system_error(errno, std::generic_category(), "epoll_wait");
  }
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    pending_[event.data.fd] = event.events;
  }
}
// [/wait]

// [handle]
void IOLoop::handle_events() {
  while (!pending_.empty()) {
    const auto event = pending_.extract(pending_.begin());
    const auto found = handlers_.find(event.key());
    if (found == handlers_.end()) continue;  // the owner closed `fd` before removing its handler
    // A copy of the pointer: the handler may remove itself, and must not be freed while it runs.
    const std::shared_ptr<const EventHandler> handler = found->second;
    run_callback([&] { (*handler)(event.key(), event.mapped()); });
  }
}
// [/handle]

// [add_callback]
void IOLoop::add_callback(Callback callback) {
  const std::lock_guard lock(mutex_);
  callbacks_.push_back(std::move(callback));
  if (callbacks_.size() == 1) waker_.wake();  // one wake-up serves all that are queued
}
// [/add_callback]

// [run_callbacks]
void IOLoop::run_callbacks() {
  std::vector<Callback> now;
  {
    const std::lock_guard lock(mutex_);
    now.swap(callbacks_);
  }
  // Without the lock: a callback may add another, which runs in the next iteration.
  for (const Callback& callback : now) run_callback(callback);
}
// [/run_callbacks]

// [run_callback]
void IOLoop::run_callback(const Callback& callback) {
  try {
    callback();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "exception in a callback: %s\n", error.what());
  } catch (...) {
    std::fprintf(stderr, "exception of an unknown type in a callback\n");
  }
}
// [/run_callback]

// [run_timers]
Timeout IOLoop::call_later(double seconds, Callback callback) {
  return timers_.add(time() + seconds, std::move(callback));
}

void IOLoop::remove_timeout(const Timeout& timeout) {
  timers_.remove(timeout);
}

void IOLoop::run_timers() {
  for (const Timeout& timeout : timers_.due(time())) {
    if (const auto callback = timers_.take(timeout)) run_callback(*callback);
  }
}
// [/run_timers]

// [sleep]
int IOLoop::milliseconds_to_sleep() {
  {
    const std::lock_guard lock(mutex_);
    if (!callbacks_.empty()) return 0;
  }
  double seconds = kLongestSleep;
  if (const auto deadline = timers_.next_deadline()) {
    seconds = std::clamp(*deadline - time(), 0.0, kLongestSleep);
    if (clock_.skip(seconds)) return 0;
  }
  // Rounded up: waking too early would find no timer due, and the loop would spin until one is.
  return static_cast<int>(std::ceil(seconds * 1000));
}
// [/sleep]

// [signals]
void IOLoop::add_signal_handler(int signal_number, Callback callback) {
  if (!signals_) {
    signals_ = std::make_unique<Signals>();
    add_handler(signals_->fd(), [this](int, std::uint32_t) { handle_signals(); }, READ);
  }
  signals_->watch(signal_number);
  signal_handlers_[signal_number] = std::move(callback);
}

void IOLoop::handle_signals() {
  for (const int signal_number : signals_->read()) add_callback(signal_handlers_.at(signal_number));
}
// [/signals]

}  // namespace mini
