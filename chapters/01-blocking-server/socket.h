// A TCP socket that closes itself, and the few calls that a blocking server is made of.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mini {

// [socket]
// Owns one file descriptor, or none. A call blocks until it has a result. A failed system call
// throws std::system_error, except where a comment says otherwise.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;
  ~Socket() { close(); }
  // [/socket]

  // Listens on `address`, an IPv4 address in digits; anything else throws std::invalid_argument.
  // Port 0 takes any free port: port() returns which.
  static Socket listen(std::uint16_t port, const std::string& address = "127.0.0.1");

  // Takes the next connection from the kernel's queue; waits until there is one. Returns nothing
  // after shutdown(). Waits and retries while the process has no free descriptor.
  std::optional<Socket> accept();

  // Reads once and returns the number of bytes: what has arrived, at most `size`. 0 means that the
  // other side has finished sending.
  std::size_t read(char* buffer, std::size_t size);

  // Writes once and returns how many bytes of `data` the kernel took, perhaps not all of them.
  std::size_t write(std::string_view data);
  // Writes until the kernel has taken all of `data`.
  void write_all(std::string_view data);

  // Waits until a read would return at once, but at most `timeout`. Returns whether it would.
  bool wait_readable(std::chrono::milliseconds timeout);

  // Sends FIN, "nothing more comes from me"; reading still works. Does nothing if the connection is
  // gone already.
  void shutdown_write();
  // Shuts down both directions. A thread blocked in accept() or read() of this socket returns: this
  // is the one call that another thread may make. The descriptor stays open.
  void shutdown();
  void close();

  int fd() const { return fd_; }
  std::uint16_t port() const;

 private:
  int fd_ = -1;
};

// Returns whether accept() failed with `error` because a connection broke before it was accepted.
// The listener is fine: accept again.
bool broke_before_accept(int error);

}  // namespace mini
