// Internal header: pairs of connected sockets, raw peers and counts, for the tests of the net room.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <tornado/gen.h>
#include <tornado/iostream.h>
#include <tornado/log.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace tornado::test {

// A test that waits longer than this has hung. Seconds.
inline constexpr double kPatience = 20;

inline std::pair<netutil::Socket, netutil::Socket> socket_pair() {
  int fds[2];
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
  return {netutil::Socket(fds[0]), netutil::Socket(fds[1])};
}

// Two ends of a TCP connection over loopback.
inline std::pair<netutil::Socket, netutil::Socket> tcp_pair() {
  const netutil::Socket listener(netutil::Family::kInet);
  sockaddr_storage storage;
  const unsigned length = netutil::Address("127.0.0.1", 0).to_sockaddr(storage);
  EXPECT_EQ(::bind(listener.fileno(), reinterpret_cast<sockaddr*>(&storage), length), 0);
  EXPECT_EQ(::listen(listener.fileno(), 8), 0);
  const unsigned to = listener.getsockname().to_sockaddr(storage);
  netutil::Socket client(netutil::Family::kInet);
  const int result = ::connect(client.fileno(), reinterpret_cast<sockaddr*>(&storage), to);
  EXPECT_TRUE(result == 0 || errno == EINPROGRESS);
  // Over loopback the handshake is complete when connect returns.
  netutil::Socket server(
      ::accept4(listener.fileno(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  EXPECT_TRUE(server);
  return {std::move(server), std::move(client)};
}

struct StreamPair {
  iostream::IOStream server;
  iostream::IOStream client;
};

inline StreamPair stream_pair(const iostream::IOStreamOptions& options = {}) {
  auto [server, client] = tcp_pair();
  return {iostream::IOStream(std::move(server), options),
          iostream::IOStream(std::move(client), options)};
}

// ---- a peer without a loop
inline void raw_send(const netutil::Socket& socket, std::string_view data) {
  EXPECT_EQ(::send(socket.fileno(), data.data(), data.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(data.size()));
}
// Returns what has arrived, without waiting.
inline std::string raw_receive(const netutil::Socket& socket) {
  std::string all;
  char buffer[65536];
  ssize_t count = 0;
  while ((count = ::recv(socket.fileno(), buffer, sizeof buffer, 0)) > 0) {
    all.append(buffer, static_cast<std::size_t>(count));
  }
  return all;
}
// Closes the socket with a reset.
inline void raw_reset(netutil::Socket& socket) {
  const linger now{1, 0};
  EXPECT_EQ(::setsockopt(socket.fileno(), SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
  socket.close();
}
inline bool at_end(const netutil::Socket& socket) {
  char byte;
  return ::recv(socket.fileno(), &byte, 1, MSG_PEEK) == 0;
}

// Returns how many sockets and pipes this process has. Does not count the loops' own descriptors,
// because a resolver's thread may hold one a moment longer than the loop.
inline int open_descriptors() {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;  // the directory's own descriptor
    const std::string target = std::filesystem::read_symlink(entry.path(), gone).string();
    count += target.starts_with("socket:") || target.starts_with("pipe:");
  }
  return count;
}

// Runs the loop until `condition()` holds, which is checked once per iteration.
template <class Condition>
void run_until(ioloop::IOLoop& loop, Condition condition) {
  loop.run_sync(
      [&]() -> Future<void> {
        while (!condition()) co_await gen::sleep(0.0005);
      },
      kPatience);
}

template <class F>
auto run(ioloop::IOLoop& loop, F f) {
  return loop.run_sync(std::move(f), kPatience);
}

// Returns the errno that caused a StreamClosedError: 0 if there was no error, -1 if it is of
// another kind.
inline int real_errno(const std::exception_ptr& error) {
  if (error == nullptr) return 0;
  try {
    std::rethrow_exception(error);
  } catch (const std::system_error& e) {
    return e.code().value();
  } catch (...) {
    return -1;
  }
}

template <class E>
bool holds(const std::exception_ptr& error) {
  if (error == nullptr) return false;
  try {
    std::rethrow_exception(error);
  } catch (const E&) {
    return true;
  } catch (...) {
    return false;
  }
}

// Collects what is logged at kInfo and above, instead of writing it.
class LogLines {
 public:
  LogLines() { log::get_logger().set_level(log::Level::kInfo); }
  LogLines(const LogLines&) = delete;
  LogLines& operator=(const LogLines&) = delete;
  ~LogLines() { log::get_logger().unset_level(); }

  std::size_t count(std::string_view part) const {
    std::size_t found = 0;
    for (const std::string& line : lines_) found += line.find(part) != std::string::npos;
    return found;
  }
  bool empty() const { return lines_.empty(); }
  std::string text() const {
    std::string all;
    for (const std::string& line : lines_) all += line + "\n";
    return all;
  }

 private:
  struct Hook {
    std::vector<std::string>* lines;
    bool operator()(const log::Record& record) const {
      lines->push_back(std::string(record.message));
      return true;
    }
  };
  std::vector<std::string> lines_;
  log::Capture<Hook> capture_{Hook{&lines_}};
};

}  // namespace tornado::test
