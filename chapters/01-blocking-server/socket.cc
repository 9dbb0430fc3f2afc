#include "01-blocking-server/socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

namespace mini {
namespace {

constexpr int kBacklog = 128;  // connections the kernel completes and keeps before we accept them
constexpr std::chrono::milliseconds kPause{10};

[[noreturn]] void fail(const char* call) {
  throw std::system_error(errno, std::generic_category(), call);
}

// [again]
// Repeats a call that a signal ended before it had done anything. That is not an error.
template <class Call>
auto again_if_interrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}
// [/again]

// Whether the process or the system has run out of descriptors or memory, which may pass.
bool no_room_for_more(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

sockaddr_in make_address(std::uint16_t port, const std::string& text) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (::inet_pton(AF_INET, text.c_str(), &address.sin_addr) != 1) {
    throw std::invalid_argument("not an IPv4 address: " + text);
  }
  return address;
}

}  // namespace

// [ownership]
Socket::Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Socket& Socket::operator=(Socket&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void Socket::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}
// [/ownership]

// [listen]
Socket Socket::listen(std::uint16_t port, const std::string& address) {
  const sockaddr_in name = make_address(port, address);
  Socket listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (listener.fd_ < 0) fail("socket");
  const int on = 1;
  ::setsockopt(listener.fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(listener.fd_, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0)
    fail("bind");
  if (::listen(listener.fd_, kBacklog) != 0) fail("listen");
  return listener;
}
// [/listen]

// [accept]
std::optional<Socket> Socket::accept() {
  while (true) {
    const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd >= 0) return Socket(fd);
    if (errno == EINVAL) return std::nullopt;  // shutdown() was called
    if (no_room_for_more(errno)) {
      // The client stays in the kernel's queue. Retrying at once would keep a processor busy.
      std::this_thread::sleep_for(kPause);
    } else if (errno != EINTR && !broke_before_accept(errno)) {
      fail("accept");
    }
  }
}
// [/accept]

// [broke]
bool broke_before_accept(int error) {
  switch (error) {
    case ECONNABORTED:  // the client left before we came
    case ENETDOWN:      // from here on: what the network had reported about this connection
    case EPROTO:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
      return true;
    default:
      return false;
  }
}
// [/broke]

// [read]
std::size_t Socket::read(char* buffer, std::size_t size) {
  const ssize_t count = again_if_interrupted([&] { return ::read(fd_, buffer, size); });
  if (count < 0) fail("read");
  return static_cast<std::size_t>(count);
}
// [/read]

// [write]
std::size_t Socket::write(std::string_view data) {
  // Without MSG_NOSIGNAL, a write to a client that has left kills the process.
  const ssize_t count =
      again_if_interrupted([&] { return ::send(fd_, data.data(), data.size(), MSG_NOSIGNAL); });
  if (count < 0) fail("write");
  return static_cast<std::size_t>(count);
}
// [/write]

// [write_all]
void Socket::write_all(std::string_view data) {
  while (!data.empty()) data.remove_prefix(write(data));
}
// [/write_all]

bool Socket::wait_readable(std::chrono::milliseconds timeout) {
  pollfd one{fd_, POLLIN, 0};
  const auto wait = static_cast<int>(timeout.count());
  // After an interruption the full time starts again; a caller with a deadline recomputes it.
  const int ready = again_if_interrupted([&] { return ::poll(&one, 1, wait); });
  if (ready < 0) fail("poll");
  return ready > 0;
}

void Socket::shutdown_write() {
  ::shutdown(fd_, SHUT_WR);
}

void Socket::shutdown() {
  ::shutdown(fd_, SHUT_RDWR);
}

std::uint16_t Socket::port() const {
  sockaddr_in name{};
  socklen_t size = sizeof name;
  if (::getsockname(fd_, reinterpret_cast<sockaddr*>(&name), &size) != 0) fail("getsockname");
  return ntohs(name.sin_port);
}

}  // namespace mini
