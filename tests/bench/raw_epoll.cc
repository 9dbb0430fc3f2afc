// The floor of the speed comparison: the least a program can do and still answer HTTP on a loop. It
// receives, looks for the blank line that ends a request head, and sends a canned reply. Any
// cost of a real server beyond this comes from its framework. It does not handle methods, bodies,
// limits or errors: never put it on a network.
//
//   raw_epoll PORT [WAIT_MS]
//
// Listens on 127.0.0.1; port 0 takes a free one. Each reply waits WAIT_MS (default 0).

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

const std::string kReply =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nHello, world";
constexpr std::size_t kCarry = 3;  // a blank line may be cut: up to three of its bytes end one read

struct Connection {
  std::size_t owed = 0;       // reply bytes still to send; while there are any, nothing is read
  std::uint32_t life = 0;     // tells this connection from the next one on the same descriptor
  std::uint32_t carried = 0;  // how many bytes of carry are in use
  std::array<char, kCarry> carry{};  // end of the last read
};

struct Waiting {
  Clock::time_point due;
  int fd;
  std::uint32_t life;
  std::size_t replies;
};

int check(int result, const char* what) {
  if (result >= 0) return result;
  std::perror(what);
  std::exit(1);
}

struct RawServer {
  int epoll = check(epoll_create1(0), "epoll_create1");
  std::chrono::milliseconds wait{0};
  // By descriptor, made in advance: a connection costs no memory later.
  std::vector<Connection> table = std::vector<Connection>(65536);
  std::vector<char> scratch = std::vector<char>(kCarry + 65536);
  std::string replies;          // many copies of kReply, so that one send answers a whole pipeline
  std::deque<Waiting> waiting;  // all wait equally long: the order of arrival is the order of time

  void watch(int op, int fd, std::uint32_t events) const {
    epoll_event event{.events = events, .data = {.fd = fd}};
    check(epoll_ctl(epoll, op, fd, &event), "epoll_ctl");
  }

  void accept_all(int listener) {
    for (int fd; (fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      Connection& connection = table[static_cast<std::size_t>(fd)];
      const std::uint32_t life = connection.life;
      connection = Connection{};
      connection.life = life;
      watch(EPOLL_CTL_ADD, fd, EPOLLIN);
    }
  }

  std::size_t count_requests(Connection& connection, std::size_t received) {
    const char* begin = scratch.data() + kCarry - connection.carried;
    const char* const end = scratch.data() + kCarry + received;
    std::copy_n(connection.carry.data(), connection.carried,
                scratch.data() + kCarry - connection.carried);
    std::size_t count = 0;
    while (const void* blank =
               memmem(begin, static_cast<std::size_t>(end - begin), "\r\n\r\n", 4)) {
      begin = static_cast<const char*>(blank) + 4;
      ++count;
    }
    begin = std::max(begin, end - kCarry);
    connection.carried = static_cast<std::uint32_t>(end - begin);
    std::copy(begin, end, connection.carry.data());
    return count;
  }

  void read_once(int fd) {
    const ssize_t received = recv(fd, scratch.data() + kCarry, scratch.size() - kCarry, 0);
    if (received < 0 && errno == EAGAIN) return;
    if (received <= 0) return drop(fd);
    Connection& connection = table[static_cast<std::size_t>(fd)];
    const std::size_t count = count_requests(connection, static_cast<std::size_t>(received));
    if (wait.count() > 0) {
      waiting.push_back({Clock::now() + wait, fd, connection.life, count});
    } else {
      reply(fd, count);
    }
  }

  void reply(int fd, std::size_t count) {
    Connection& connection = table[static_cast<std::size_t>(fd)];
    const bool was_blocked = connection.owed > 0;
    connection.owed += count * kReply.size();
    while (connection.owed > 0) {
      // All replies are equal, so the bytes still owed tell where in the row of copies to go on.
      const std::size_t offset = (kReply.size() - connection.owed % kReply.size()) % kReply.size();
      const std::size_t size = std::min(connection.owed, replies.size() - offset);
      const ssize_t sent = send(fd, replies.data() + offset, size, MSG_NOSIGNAL);
      if (sent < 0 && errno == EAGAIN) break;
      if (sent < 0) return drop(fd);
      connection.owed -= static_cast<std::size_t>(sent);
    }
    const bool blocked = connection.owed > 0;
    if (blocked != was_blocked) watch(EPOLL_CTL_MOD, fd, blocked ? EPOLLOUT : EPOLLIN);
  }

  void drop(int fd) {
    ++table[static_cast<std::size_t>(fd)].life;
    close(fd);
  }

  // Sends the replies whose wait is over. Returns the milliseconds to the next one, -1 for none:
  // epoll_wait's timeout.
  int reply_to_due() {
    const auto now = Clock::now();
    while (!waiting.empty() && waiting.front().due <= now) {
      const Waiting due = waiting.front();
      waiting.pop_front();
      if (table[static_cast<std::size_t>(due.fd)].life == due.life) reply(due.fd, due.replies);
    }
    if (waiting.empty()) return -1;
    return static_cast<int>(
        std::chrono::ceil<std::chrono::milliseconds>(waiting.front().due - now).count());
  }

  [[noreturn]] void run(int listener) {
    for (int i = 0; i < 1024; ++i) replies += kReply;
    watch(EPOLL_CTL_ADD, listener, EPOLLIN);
    std::array<epoll_event, 1024> events;
    for (int timeout = -1;; timeout = wait.count() > 0 ? reply_to_due() : -1) {
      const int count = epoll_wait(epoll, events.data(), events.size(), timeout);
      for (int i = 0; i < count; ++i) {
        const int fd = events[static_cast<std::size_t>(i)].data.fd;
        if (fd == listener) {
          accept_all(listener);
        } else if (table[static_cast<std::size_t>(fd)].owed > 0) {
          reply(fd, 0);
        } else {
          read_once(fd);
        }
      }
    }
  }
};

int listen_on(int port) {
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

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    std::fprintf(stderr, "usage: raw_epoll PORT [WAIT_MS]\n");
    return 2;
  }
  RawServer server;
  rlimit files{};
  check(getrlimit(RLIMIT_NOFILE, &files), "getrlimit");
  files.rlim_cur = std::min<rlim_t>(files.rlim_max, server.table.size());
  check(setrlimit(RLIMIT_NOFILE, &files), "setrlimit");
  server.wait = std::chrono::milliseconds(argc == 3 ? std::atoi(argv[2]) : 0);
  server.run(listen_on(std::atoi(argv[1])));
}
