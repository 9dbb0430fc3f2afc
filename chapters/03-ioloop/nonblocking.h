// Socket calls that never block.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "01-blocking-server/socket.h"

namespace mini {

// [nonblocking]
// Sets O_NONBLOCK: a call that would block fails with EAGAIN instead. The functions below need such
// a socket. They return nothing where the call would have blocked, and throw std::system_error if
// it fails for any other reason.
void set_nonblocking(const Socket& socket);

// Takes the next connection from the kernel's queue. The new socket is non-blocking too.
std::optional<Socket> try_accept(const Socket& listener);
// Reads once. 0 means that the other side has finished sending.
std::optional<std::size_t> try_read(const Socket& socket, char* buffer, std::size_t size);
// Writes once, and returns how much of `data` the kernel took.
std::optional<std::size_t> try_write(const Socket& socket, std::string_view data);
// [/nonblocking]

}  // namespace mini
