#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>

#include "01-blocking-server/socket.h"
#include "client.h"
#include "failing_accept.h"

namespace mini {
namespace {

TEST(Accept, retries_when_one_connection_broke) {
  Socket listener = Socket::listen(0);
  for (const int error : kErrorsOfOneConnection) {
    const Client client(listener.port());
    next_accept_error = error;
    std::optional<Socket> accepted;
    EXPECT_NO_THROW(accepted = listener.accept()) << std::strerror(error);
    EXPECT_TRUE(accepted.has_value()) << std::strerror(error);
  }
}

TEST(Accept, retries_when_a_signal_interrupts_it) {
  Socket listener = Socket::listen(0);
  const Client client(listener.port());
  next_accept_error = EINTR;
  EXPECT_TRUE(listener.accept().has_value());
}

TEST(Accept, throws_when_the_listener_itself_is_broken) {
  Socket listener = Socket::listen(0);
  for (const int error : {EBADF, ENOTSOCK, EFAULT, EPERM}) {
    next_accept_error = error;
    EXPECT_THROW(listener.accept(), std::system_error) << std::strerror(error);
  }
}

}  // namespace
}  // namespace mini
