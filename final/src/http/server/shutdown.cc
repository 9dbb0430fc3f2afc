// The end of a server in good order: what HTTPServer::shutdown() does to the connections.
#include "http/server/shutdown.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "http/server/connection.h"
#include "http/server/exchange.h"

namespace tornado::http {
namespace {

void move_all(core::ListHook& from, core::ListHook& to) {
  while (from.linked()) from.next()->link_before(to);
}

// Returns how many seconds ago the connection was last used, by either side. If the kernel does not
// say, as for a Unix socket: kLastRequest, for which the caller has waited.
double seconds_unused(int fd) {
  int waiting = 0;
  if (::ioctl(fd, FIONREAD, &waiting) == 0 && waiting > 0) return 0;
  tcp_info info;
  socklen_t length = sizeof info;
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return Shutdown::kLastRequest;
  return std::min(info.tcpi_last_data_sent, info.tcpi_last_data_recv) / 1000.0;
}

}  // namespace

// ---- Shutdown -----------------------------------------------------------------------------------

Shutdown::Shutdown(ioloop::IOLoop& home, std::size_t connections)
    : loop(home),
      began(home.time()),
      ends(std::numeric_limits<double>::infinity()),
      served(connections) {}

Shutdown::~Shutdown() {
  // A closed loop has no pending timer, so it is not touched.
  if (timer.pending()) loop.remove_timeout(timer);
}

void Shutdown::take_back(ServerCore& core) {
  move_all(untold, core.connections);
  move_all(untold_upgraded, core.upgraded);
}

void Shutdown::finish() {
  if (report.done()) return;  // it was cancelled
  report.set_result(
      {.finished = served - idle_closed - cut, .cut = cut, .idle_closed = idle_closed});
}

// ---- ServerCore ---------------------------------------------------------------------------------

Future<httpserver::ShutdownReport> ServerCore::shutdown(double grace) {
  auto& loop = ioloop::IOLoop::current();
  const core::ContextScope none(nullptr);  // a handler that called this is not kept by the timer
  if (ending == nullptr) {
    auto begun = std::make_unique<Shutdown>(loop, connection_count);
    const auto report = begun->report;
    if (connection_count == 0) {
      begun->finish();
      return report;
    }
    ending = std::move(begun);
    const std::weak_ptr<Alive> still = alive;
    tell_of_shutdown();
    if (still.expired() || ending == nullptr) return report;
  } else if (ending->report.done()) {
    ending->report = {};  // the caller has cancelled it
  }
  const double ends = loop.time() + grace;
  if (ends < ending->ends) {
    ending->ends = ends;
    loop.remove_timeout(ending->timer);
    ending->timer = loop.call_at(ends, [this] { cut_all(); });
  }
  return ending->report;
}

void ServerCore::tell_of_shutdown() {
  move_all(connections, ending->untold);
  move_all(upgraded, ending->untold_upgraded);
  const std::weak_ptr<Alive> still = alive;
  const auto next = [&](core::ListHook Shutdown::* list, core::ListHook& told) -> core::ListHook* {
    if (still.expired() || ending == nullptr || !((*ending).*list).linked()) return nullptr;
    core::ListHook* const first = ((*ending).*list).next();
    first->link_before(told);
    return first;
  };
  while (auto* const at = next(&Shutdown::untold, connections)) {
    static_cast<ServerConnection&>(*at).go_away();
  }
  while (auto* const at = next(&Shutdown::untold_upgraded, upgraded)) {
    static_cast<Upgraded&>(*at).go_away();
  }
}

// The time of grace is over.
void ServerCore::cut_all() {
  ending->take_back(*this);
  for (auto* at = connections.next(); at != &connections; at = at->next()) {
    static_cast<ServerConnection&>(*at).cut();
  }
  for (auto* at = upgraded.next(); at != &upgraded; at = at->next()) {
    auto& connection = static_cast<Upgraded&>(*at);
    if (connection.stream().closed()) continue;  // leaves at the end of the round
    ++ending->cut;
    connection.close();
  }
}

// ---- ServerConnection ---------------------------------------------------------------------------

void ServerConnection::go_away() {
  const core::Ref pin(this);
  if (idle()) return start_idle();
  if (exchange_ == nullptr || !exchange_->message_complete || exchange_->finished()) return;
  exchange_->report_shutdown();
}

void ServerConnection::cut() {
  if (stream_.closed()) return;  // leaves at the end of the round
  ++(idle() ? core_->ending->idle_closed : core_->ending->cut);
  close();
}

// When a connection has been between messages for kLastRequest during a shutdown: closes it, unless
// something has arrived meanwhile.
void ServerConnection::close_if_unused() {
  if (seconds_unused(stream_.fileno()) < Shutdown::kLastRequest) return start_idle();
  if (stream_.impl().pending_output() > 0) return close_gracefully();
  ++core_->ending->idle_closed;
  close();
}

// Whether the response that is about to begin must end the connection. Requests that have arrived
// with it are answered first, unless they never end.
bool ServerConnection::is_last_response() const noexcept {
  if (!core_->shutting_down()) return false;
  return !unread_ || core_->deadlines->loop.time() - core_->ending->began > Shutdown::kLastRequest;
}

}  // namespace tornado::http
