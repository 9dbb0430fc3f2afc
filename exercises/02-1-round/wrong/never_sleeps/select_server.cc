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
    Selection selection = ask();
    selection.wait(std::chrono::microseconds(0));
    const Time woken = now();
    if (paused_until_ && woken >= *paused_until_) paused_until_.reset();
    if (selection.can_read(listener_.fd())) accept(woken);
    for (SelectConnection& connection : connections_) connection.step(selection, woken);
    // Closed here and not before: a new client would get the same number, and with it the answer
    // that select gave for the old one.
    std::erase_if(connections_, [](const SelectConnection& one) { return one.is_over(); });
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
  for (const SelectConnection& connection : connections_) connection.watch(selection);
  return selection;
}

std::optional<std::chrono::microseconds> SelectServer::time_to_sleep(Time from) const {
  std::optional<Time> earliest = paused_until_;
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
    // Perhaps no descriptor is left. The client stays in the queue, and as long as it does, select
    // would wake us at once, in vain. So we do not ask about the listener for a moment.
    std::fprintf(stderr, "a client has to wait: %s\n", std::strerror(errno));
    paused_until_ = at + kPause;
  }
}

void SelectServer::take(Socket client) {
  if (!Selection::fits(client.fd())) return;  // even the reserve is used up: close it unanswered
  const bool full = client.fd() >= kRefusedFrom;
  SelectConnection& connection = connections_.emplace_back(std::move(client), handler_);
  if (full) connection.refuse({503, "Too many connections.\n"});
}

}  // namespace mini
