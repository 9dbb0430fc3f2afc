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

// Whether accept() failed because of one client, who is not there any more. The next one may be.
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
    Selection selection = ask();
    selection.wait(time_to_sleep(now()));
    const Time woken = now();
    if (deaf_until_ && woken >= *deaf_until_) deaf_until_.reset();
    if (selection.can_read(listener_.fd())) accept(woken);
    for (SelectConnection& connection : connections_) connection.step(selection, woken);
    // Closed here and not before: the next client would get the number, and the answer that was
    // meant for the old one.
    std::erase_if(connections_, [](const SelectConnection& one) { return one.is_over(); });
  }
  connections_.clear();
}

// The listener becomes readable, and accept says why: the only call that a signal handler and
// another thread may make.
void SelectServer::stop() {
  listener_.shutdown();
}

Selection SelectServer::ask() const {
  Selection selection;
  if (!deaf_until_) selection.watch_read(listener_.fd());
  for (const SelectConnection& connection : connections_) connection.watch(selection);
  return selection;
}

std::optional<std::chrono::microseconds> SelectServer::time_to_sleep(Time from) const {
  std::optional<Time> earliest = deaf_until_;
  for (const SelectConnection& connection : connections_) {
    const std::optional<Time> one = connection.deadline();
    if (one && (!earliest || *one < *earliest)) earliest = one;
  }
  if (!earliest) return std::nullopt;
  return std::chrono::ceil<std::chrono::microseconds>(*earliest - from);
}

void SelectServer::accept(Time at) {
  const int fd = ::accept4(listener_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) {
    take(Socket(fd));
  } else if (errno == EINVAL) {
    stopped_ = true;  // stop() was called
  } else if (!lost_one_client(errno)) {
    // No descriptor left, perhaps. The client stays in the queue, and as long as it does select
    // would wake us at once and in vain. So we look away for a moment.
    std::fprintf(stderr, "a client has to wait: %s\n", std::strerror(errno));
    deaf_until_ = at + kPause;
  }
}

void SelectServer::take(Socket client) {
  connections_.emplace_back(std::move(client), handler_);
}

}  // namespace mini
