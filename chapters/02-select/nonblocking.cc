#include "02-select/nonblocking.h"

#include <fcntl.h>

#include <cerrno>

namespace mini {

// [make_nonblocking]
void make_nonblocking(const Socket& socket) {
  const int flags = ::fcntl(socket.fd(), F_GETFL);
  if (flags < 0 || ::fcntl(socket.fd(), F_SETFL, flags | O_NONBLOCK) < 0) {
    throw std::system_error(errno, std::generic_category(), "fcntl");
  }
}
// [/make_nonblocking]

}  // namespace mini
