#include "03-ioloop/nonblocking.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace mini {
namespace {

// [attempt]
// Makes a system call. Returns nothing if it would block; throws if it fails for another reason.
template <class Call>
auto attempt(const char* name, Call call) -> std::optional<decltype(call())> {
  while (true) {
    const auto result = call();
    if (result >= 0) return result;
    if (errno == EAGAIN) return std::nullopt;
    if (errno != EINTR) throw std::system_error(errno, std::generic_category(), name);
  }
}
// [/attempt]

}  // namespace

void set_nonblocking(const Socket& socket) {
  const int flags = ::fcntl(socket.fd(), F_GETFL);
  if (flags < 0 || ::fcntl(socket.fd(), F_SETFL, flags | O_NONBLOCK) < 0) {
    throw std::system_error(errno, std::generic_category(), "fcntl");
  }
}

std::optional<Socket> try_accept(const Socket& listener) {
  const auto fd = attempt("accept", [&] {
    return ::accept4(listener.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  });
  return fd ? std::optional<Socket>(*fd) : std::nullopt;
}

// [try_read]
std::optional<std::size_t> try_read(const Socket& socket, char* buffer, std::size_t size) {
  return attempt("read", [&] { return ::read(socket.fd(), buffer, size); });
}

std::optional<std::size_t> try_write(const Socket& socket, std::string_view data) {
  return attempt("write",
                 [&] { return ::send(socket.fd(), data.data(), data.size(), MSG_NOSIGNAL); });
}
// [/try_read]

}  // namespace mini
