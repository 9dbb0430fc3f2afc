// Internal header: the system's number of a Family.
#pragma once

#include <sys/socket.h>
#include <tornado/netutil.h>

namespace tornado::netutil {

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

}  // namespace tornado::netutil
