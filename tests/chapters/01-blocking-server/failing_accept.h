// An accept4() that fails on demand, for tests: no network on this machine can be made to produce
// these errors. Takes the place of the C library's; include it in one source of a program.
#pragma once

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

namespace mini {

// The next call of accept4() fails with this error; the calls after it succeed again. 0 for none.
inline std::atomic<int> next_accept_error = 0;

// Every error that accept(2) asks a TCP server to retry, because it belongs to one connection.
inline constexpr int kErrorsOfOneConnection[] = {ECONNABORTED, ENETDOWN,   EPROTO,
                                                 ENOPROTOOPT,  EHOSTDOWN,  ENONET,
                                                 EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH};

}  // namespace mini

extern "C" int accept4(int fd, sockaddr* address, socklen_t* size, int flags) {
  if (const int error = mini::next_accept_error.exchange(0)) {
    errno = error;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_accept4, fd, address, size, flags));
}
