#include <sys/socket.h>
#include <tornado/netutil.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "net/resolve/lookup.h"

namespace tornado::netutil {
namespace {

using NameCall = int (*)(int, sockaddr*, socklen_t*);

Address name_of(int fd, NameCall call, const char* what) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  auto* name = reinterpret_cast<sockaddr*>(&storage);
  if (call(fd, name, &length) < 0) throw std::system_error(errno, std::generic_category(), what);
  return Address(name, length);
}

}  // namespace

Socket::Socket(Family family)
    : fd_(::socket(to_af(family), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "socket");
}

void Socket::close() noexcept {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

Address Socket::getsockname() const {
  return name_of(fd_, &::getsockname, "getsockname");
}

Address Socket::getpeername() const {
  return name_of(fd_, &::getpeername, "getpeername");
}

}  // namespace tornado::netutil
