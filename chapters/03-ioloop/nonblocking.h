// The calls of a socket that never wait.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "01-blocking-server/socket.h"

namespace mini {

// [nonblocking]
// From now on a call that would wait says EAGAIN instead. The functions below want such a socket;
// each returns nothing where the call would have waited, and throws std::system_error where the
// connection is broken.
void set_nonblocking(const Socket& socket);

// The next connection that waits in the kernel's queue, non-blocking too.
std::optional<Socket> try_accept(const Socket& listener);
// One read. 0 means the other side has said all it has to say.
std::optional<std::size_t> try_read(const Socket& socket, char* buffer, std::size_t size);
// One write: how much of `data` the kernel took.
std::optional<std::size_t> try_write(const Socket& socket, std::string_view data);
// [/nonblocking]

}  // namespace mini
