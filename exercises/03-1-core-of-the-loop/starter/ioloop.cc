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

IOLoop::~IOLoop() {
  // Milestone 5: freeing a function frees its captures, and those may call this loop. What must
  // still exist then?
  if (current_loop == this) current_loop = nullptr;
}

IOLoop& IOLoop::current() {
  if (current_loop == nullptr) throw std::logic_error("no IOLoop was made on this thread");
  return *current_loop;
}

void IOLoop::start() {
  while (true) {
    run_callbacks();
    run_timers();
    if (std::exchange(stopping_, false)) return;
    wait_for_events(milliseconds_to_sleep());
    handle_events();
  }
}

void IOLoop::stop() {
  // Milestone 5: from any thread, and after the callbacks that are queued. Until then:
  stopping_ = true;
}

void IOLoop::add_handler(int fd, EventHandler handler, std::uint32_t events) {
  // Milestone 1: refuse a second handler; ask the kernel; keep the handler.
}

void IOLoop::update_handler(int fd, std::uint32_t events) {
  // Milestone 1: refuse a descriptor without a handler; ask the kernel.
}

void IOLoop::remove_handler(int fd) {
  // Milestone 1: forget the handler, here and in the kernel.
}

void IOLoop::control(int operation, int fd, std::uint32_t events) {
  // Milestone 1: call epoll_ctl, and throw what it reports.
}

void IOLoop::wait_for_events(int milliseconds) {
  // Milestone 2: call epoll_wait, and put its events into pending_.
}

void IOLoop::handle_events() {
  // Milestone 2: call the handlers of pending_. Each of them may remove itself, and others.
}

void IOLoop::add_callback(Callback callback) {
  // Milestone 3: this may be another thread, and the loop may be asleep.
}

void IOLoop::run_callbacks() {
  // Milestone 3: only what is queued now.
}

void IOLoop::run_callback(const Callback& callback) {
  // Milestone 2: an exception goes to stderr, and no further.
}

Timeout IOLoop::call_later(double seconds, Callback callback) {
  // Milestone 4: timers_ keeps it.
  return {};
}

void IOLoop::remove_timeout(const Timeout& timeout) {
  // Milestone 4: and forgets it.
}

void IOLoop::run_timers() {
  // Milestone 4: what is due, and still wanted when its turn comes.
}

int IOLoop::milliseconds_to_sleep() {
  // Milestone 4: not at all, until the next deadline, or kLongestSleep. Until then, until an event:
  return -1;
}

void IOLoop::add_signal_handler(int signal_number, Callback callback) {
  // Milestone 5: the first call makes signals_, which has a descriptor to watch.
}

void IOLoop::handle_signals() {
  // Milestone 5: a signal's callback is a callback like others.
}

}  // namespace mini
