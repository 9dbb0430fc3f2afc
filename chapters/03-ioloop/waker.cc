#include "03-ioloop/waker.h"

#include <sys/eventfd.h>

#include <cerrno>
#include <system_error>

namespace mini {

Waker::Waker() : event_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (event_.fd() < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

// [wake]
// An eventfd is a counter in the kernel. A write adds to it, a read resets it to 0, and the
// descriptor is readable while it is not 0. Both calls can fail only with EAGAIN, and then the
// descriptor is already in the state we want.
void Waker::wake() {
  ::eventfd_write(event_.fd(), 1);
}

void Waker::drain() {
  eventfd_t wakes = 0;
  ::eventfd_read(event_.fd(), &wakes);
}
// [/wake]

}  // namespace mini
