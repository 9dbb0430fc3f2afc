// Sockets that answer "not now" instead of sleeping.
#pragma once

#include <optional>
#include <system_error>

#include "01-blocking-server/socket.h"

namespace mini {

// From now on a call on this socket that would have to wait fails with EAGAIN.
void make_nonblocking(const Socket& socket);

// [if_ready]
// What `call` returns, which makes one call on such a socket; nothing if that would have had to
// wait. What else goes wrong is thrown on.
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
