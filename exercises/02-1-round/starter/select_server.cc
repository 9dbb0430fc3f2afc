#include "02-select/select_server.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "02-select/nonblocking.h"

namespace mini {
namespace {

constexpr std::chrono::milliseconds kPause{10};

Time now() {
  return std::chrono::steady_clock::now();
}

// Whether accept() failed for this client only, or for no reason that lasts: ask again next round.
bool lost_one_client(int error) {
  return error == EAGAIN || error == EINTR || broke_before_accept(error);
}

}  // namespace

SelectServer::SelectServer(Socket listener, Handler handler)
    : listener_(std::move(listener)), handler_(std::move(handler)) {
  if (!Selection::fits(listener_.fd())) throw std::out_of_range("no room for one more descriptor");
  make_nonblocking(listener_);
}

void SelectServer::run() {
  while (!stopped_) {
    // TODO: ask about every connection, sleep until the next deadline at most, step every
    // connection, destroy the finished ones.
    Selection selection = ask();
    selection.wait(time_to_sleep(now()));
    if (selection.can_read(listener_.fd())) accept(now());
  }
  connections_.clear();
}

// Makes the listener readable, and accept() fail with EINVAL. The only call that a signal handler
// or another thread may make.
void SelectServer::stop() {
  listener_.shutdown();
}

Selection SelectServer::ask() const {
  Selection selection;
  if (!paused_until_) selection.watch_read(listener_.fd());
  // TODO: add the connections.
  return selection;
}

std::optional<std::chrono::microseconds> SelectServer::time_to_sleep(Time /*from*/) const {
  return std::nullopt;  // TODO: the time until the earliest deadline; nothing if there is none.
}

void SelectServer::accept(Time at) {
  const int fd = ::accept4(listener_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) {
    take(Socket(fd));
  } else if (errno == EINVAL) {
    stopped_ = true;  // stop() was called
  } else if (!lost_one_client(errno)) {
    // Perhaps no descriptor is left. The client stays in the queue, and as long as it does, select
    // would wake us at once, in vain. So we do not ask about the listener for a moment.
    std::fprintf(stderr, "a client has to wait: %s\n", std::strerror(errno));
    paused_until_ = at + kPause;
  }
}

void SelectServer::take(Socket client) {
  // TODO: handle a client whose descriptor is too high for select.
  connections_.emplace_back(std::move(client), handler_);
}

}  // namespace mini
