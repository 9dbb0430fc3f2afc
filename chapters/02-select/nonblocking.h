// Sockets whose calls fail with EAGAIN, "not now", where they would have blocked.
#pragma once

#include <optional>
#include <system_error>

#include "01-blocking-server/socket.h"

namespace mini {

// From now on, a call on this socket that would block fails with EAGAIN instead.
void make_nonblocking(const Socket& socket);

// [if_ready]
// Returns the result of `call`, which makes one call on such a socket, or nothing if that call
// would have blocked. Any other error is thrown as before.
template <class Call>
auto if_ready(Call call) -> std::optional<decltype(call())> {
  try {
    return call();
  } catch (const std::system_error& error) {
    if (error.code() == std::errc::resource_unavailable_try_again) return std::nullopt;  // EAGAIN
    throw;
  }
}
// [/if_ready]

}  // namespace mini
