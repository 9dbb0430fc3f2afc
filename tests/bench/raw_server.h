// What raw_epoll and raw_uring have in common, so that they differ only in how they ask the kernel:
// the command line, the listening socket, the response, the search for requests, and the queue of
// responses that wait.
#pragma once

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <string>

inline constexpr std::size_t kMostConnections = 65536;
inline constexpr std::size_t kCarry =
    3;  // a blank line may be cut: up to 3 of its bytes end a read

inline int check(int result, const char* what) {
  if (result >= 0) return result;
  std::perror(what);
  std::exit(1);
}

// The one response. All are equal, so the bytes that a connection is still owed tell where to go
// on.
struct Response {
  std::string head =
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nHello, world";
  int file = -1;  // its contents follow the head; -1: there is none, and the body is in the head
  std::size_t file_size = 0;

  std::size_t size() const { return head.size() + file_size; }
  std::size_t offset(std::size_t owed) const { return (size() - owed % size()) % size(); }
};

struct RawOptions {
  int port = 0;
  std::chrono::milliseconds wait{0};
  Response response;
};

inline Response file_response(const char* path) {
  Response response;
  struct stat status{};
  response.file = check(open(path, O_RDONLY | O_CLOEXEC), path);
  check(fstat(response.file, &status), path);
  response.file_size = static_cast<std::size_t>(status.st_size);
  response.head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " +
                  std::to_string(response.file_size) + "\r\n\r\n";
  return response;
}

// Reads the command line, and prepares the process: as many open files as allowed, no SIGPIPE.
inline RawOptions prepare(int argc, char** argv) {
  if (argc < 2 || argc > 4) {
    std::fprintf(stderr, "usage: %s PORT [WAIT_MS [FILE]]\n", argv[0]);
    std::exit(2);
  }
  rlimit files{};
  check(getrlimit(RLIMIT_NOFILE, &files), "getrlimit");
  files.rlim_cur = std::min<rlim_t>(files.rlim_max, kMostConnections);
  check(setrlimit(RLIMIT_NOFILE, &files), "setrlimit");
  std::signal(SIGPIPE, SIG_IGN);
  RawOptions options;
  options.port = std::atoi(argv[1]);
  if (argc > 2) options.wait = std::chrono::milliseconds(std::atoi(argv[2]));
  if (argc > 3) options.response = file_response(argv[3]);
  return options;
}

// Listens on 127.0.0.1, without blocking, and prints the port.
inline int listen_on(int port) {
  const int listener = check(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), "socket");
  const int on = 1;
  check(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), "setsockopt");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  check(bind(listener, reinterpret_cast<sockaddr*>(&address), size), "bind");
  check(listen(listener, SOMAXCONN), "listen");
  check(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
  std::printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return listener;
}

// The whole program, for a server whose constructor takes RawOptions and whose run() takes a
// listening socket.
template <class Server>
[[noreturn]] void serve(int argc, char** argv) {
  const RawOptions options = prepare(argc, argv);
  Server server(options);
  server.run(listen_on(options.port));
}

// Counts the requests of one connection: the blank lines in what it sends.
class RequestCounter {
 public:
  // How many requests end in these bytes. Overwrites the kCarry bytes before `data`, which must be
  // the caller's, with the end of the last read.
  std::size_t count(char* data, std::size_t size) {
    const char* begin = data - carried_;
    const char* const end = data + size;
    std::copy_n(carry_.data(), carried_, data - carried_);
    std::size_t requests = 0;
    while (const void* blank =
               memmem(begin, static_cast<std::size_t>(end - begin), "\r\n\r\n", 4)) {
      begin = static_cast<const char*>(blank) + 4;
      ++requests;
    }
    begin = std::max(begin, end - kCarry);
    carried_ = static_cast<std::uint32_t>(end - begin);
    std::copy(begin, end, carry_.data());
    return requests;
  }

 private:
  std::uint32_t carried_ = 0;  // how many bytes of carry_ are in use
  std::array<char, kCarry> carry_{};
};

// Responses that wait. All wait equally long: the order of arrival is the order of time.
class WaitQueue {
 public:
  explicit WaitQueue(std::chrono::milliseconds wait) : wait_(wait) {}

  bool waits() const { return wait_.count() > 0; }

  // `life` tells this connection from the next one on the same descriptor.
  void add(int fd, std::uint32_t life, std::size_t count) {
    waiting_.push_back({Clock::now() + wait_, fd, life, count});
  }

  // Calls reply(fd, life, count) for those whose wait is over. Returns the milliseconds to the next
  // one, -1 for none.
  template <class Reply>
  int reply_to_due(Reply reply) {
    if (waiting_.empty()) return -1;
    const auto now = Clock::now();
    while (!waiting_.empty() && waiting_.front().due <= now) {
      const Waiting due = waiting_.front();
      waiting_.pop_front();
      reply(due.fd, due.life, due.count);
    }
    if (waiting_.empty()) return -1;
    return static_cast<int>(
        std::chrono::ceil<std::chrono::milliseconds>(waiting_.front().due - now).count());
  }

 private:
  using Clock = std::chrono::steady_clock;
  struct Waiting {
    Clock::time_point due;
    int fd;
    std::uint32_t life;
    std::size_t count;
  };

  std::chrono::milliseconds wait_;
  std::deque<Waiting> waiting_;
};
