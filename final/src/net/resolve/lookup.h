// Internal header: what a host lookup needs from the system, and the one place that calls
// getaddrinfo.
#pragma once

#include <sys/socket.h>
#include <tornado/netutil.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace tornado::netutil {

// Returns the AF_ constant of a Family.
inline int to_af(Family family) {
  switch (family) {
    case Family::kInet:
      return AF_INET;
    case Family::kInet6:
      return AF_INET6;
    case Family::kUnix:
      return AF_UNIX;
    case Family::kUnspecified:
      break;
  }
  return AF_UNSPEC;
}

// Returns the port that a program gives as an int, in an option or argument. Throws
// std::invalid_argument if the number is not a port: a 16-bit parameter would silently become
// another port.
inline std::uint16_t checked_port(int port) {
  if (port >= 0 && port <= 65535) return static_cast<std::uint16_t>(port);
  throw std::invalid_argument("a port is a number from 0 to 65535, not " + std::to_string(port));
}

// Returns the stream addresses of `host`, best first, without duplicates. An empty host means all
// interfaces (with AI_PASSIVE in `flags`) or this machine. Blocks, unless `host` is numeric. Throws
// ResolveError. Any thread.
std::vector<Address> lookup(const std::string& host, std::uint16_t port, Family family,
                            int flags = 0);

}  // namespace tornado::netutil
