// A TCP socket that closes itself, and the six calls a blocking server lives on.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mini {

// [socket]
// Owns one file descriptor, or none. Every call blocks until it has something to say. What the
// system refuses is thrown as std::system_error, except where a comment says otherwise.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;
  ~Socket() { close(); }
  // [/socket]

  // Listens on `address`; port 0 takes any free one, port() tells which.
  static Socket listen(std::uint16_t port, const std::string& address = "127.0.0.1");

  // The next connection that waits in the kernel's queue. Nothing after shutdown().
  std::optional<Socket> accept();

  // One read: what has arrived, at most `size` bytes. 0 means the other side has said all it has to
  // say.
  std::size_t read(char* buffer, std::size_t size);

  // One write: returns how much of `data` the kernel took, which may be less than all.
  std::size_t write(std::string_view data);
  // As many writes as it takes.
  void write_all(std::string_view data);

  // Whether a read would return at once; waits for that at most `timeout`.
  bool wait_readable(std::chrono::milliseconds timeout);

  // Says "nothing more comes from me"; reading goes on. No error if the connection is gone already.
  void shutdown_write();
  // Ends both directions. A thread that is blocked in accept() or read() of this socket returns:
  // this is the one call that another thread may make. The descriptor stays open.
  void shutdown();
  void close();

  int fd() const { return fd_; }
  std::uint16_t port() const;

 private:
  int fd_ = -1;
};

}  // namespace mini
