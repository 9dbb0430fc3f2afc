// Internal header: the one place that calls getaddrinfo.
#pragma once

#include <tornado/netutil.h>

#include <string>
#include <vector>

namespace tornado::netutil {

// The stream addresses of `host`, best first, without doubles; an empty host means all interfaces
// (with AI_PASSIVE in `flags`) or this machine. Blocks, unless `host` is numeric. Throws
// ResolveError. Any thread.
std::vector<Address> lookup(const std::string& host, std::uint16_t port, Family family,
                            int flags = 0);

}  // namespace tornado::netutil
