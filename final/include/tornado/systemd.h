// Public header: a program under systemd: sockets that systemd has opened, and messages to it. Not
// in Tornado. Needs libsystemd; a library built without it has these functions too, see below.
#pragma once

#include <tornado/netutil.h>
#include <tornado/tcpserver.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tornado::systemd {

// Returns the listening sockets that systemd passed (LISTEN_FDS), for tcpserver::TCPServer's
// add_sockets(), in the order of the unit file: all of them, or those whose FileDescriptorName is
// `name`. Each is returned once. Empty if the program was not started through a socket unit.
//
// The sockets stay open in systemd while the program restarts, so clients wait instead of being
// refused. For several processes, call it before process::fork_processes(). Main thread only.
// Throws std::runtime_error if a socket is not one to accept streams from (ListenStream=,
// Accept=no), or if the library was built without libsystemd. (sd_listen_fds)
std::vector<netutil::Socket> listen_fds(std::string_view name = {});

// Makes `server` accept on all the sockets from listen_fds(), or, if there are none, calls
// server.listen(port, address).
inline void listen(tcpserver::TCPServer& server, int port, const std::string& address = {}) {
  std::vector<netutil::Socket> sockets = listen_fds();
  if (sockets.empty()) return server.listen(port, address);
  server.add_sockets(std::move(sockets));
}

// Sends a message to systemd, such as "READY=1" or "STATUS=Loading"; any number of lines. Returns
// false if nobody listens (no NOTIFY_SOCKET), or the library was built without libsystemd.
// ioloop::run_until_signal() sends READY=1, WATCHDOG=1 and STOPPING=1 by itself. (sd_notify)
bool notify(const std::string& state);

// Returns the seconds within which systemd wants WATCHDOG=1, again and again, from this process
// (WatchdogSec=); nullopt if it does not. (sd_watchdog_enabled)
std::optional<double> watchdog_interval();

}  // namespace tornado::systemd
