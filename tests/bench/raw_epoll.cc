// The floor of the speed comparison: the least a program can do and still answer HTTP on a loop. It
// receives, looks for the blank line that ends a request head, and sends a canned reply. Any
// cost of a real server beyond this comes from its framework. It does not handle methods, bodies,
// limits or errors: never put it on a network.
//
//   raw_epoll PORT [WAIT_MS [FILE]]
//
// Listens on 127.0.0.1; port 0 takes a free one. Each reply waits WAIT_MS (default 0). With FILE,
// the reply to every request is this file, which is opened once.

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include <vector>

#include "raw_server.h"

namespace {

struct Connection {
  std::size_t owed = 0;    // reply bytes still to send; while there are any, nothing is read
  std::uint32_t life = 0;  // tells this connection from the next one on the same descriptor
  RequestCounter requests;
};

class RawServer {
 public:
  explicit RawServer(const RawOptions& options)
      : response_(options.response), waiting_(options.wait) {
    if (response_.file >= 0) return;
    for (int i = 0; i < 1024; ++i) replies_ += response_.head;
  }

  [[noreturn]] void run(int listener) {
    watch(EPOLL_CTL_ADD, listener, EPOLLIN);
    std::array<epoll_event, 1024> events;
    for (int timeout = -1;; timeout = reply_to_due()) {
      const int count = epoll_wait(epoll_, events.data(), events.size(), timeout);
      for (int i = 0; i < count; ++i) {
        const int fd = events[static_cast<std::size_t>(i)].data.fd;
        if (fd == listener) {
          accept_all(listener);
        } else if (connection(fd).owed > 0) {
          reply(fd, 0);
        } else {
          read_once(fd);
        }
      }
    }
  }

 private:
  Connection& connection(int fd) { return table_[static_cast<std::size_t>(fd)]; }

  void watch(int op, int fd, std::uint32_t events) const {
    epoll_event event{.events = events, .data = {.fd = fd}};
    check(epoll_ctl(epoll_, op, fd, &event), "epoll_ctl");
  }

  void accept_all(int listener) {
    for (int fd; (fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      const std::uint32_t life = connection(fd).life;
      connection(fd) = Connection{};
      connection(fd).life = life;
      watch(EPOLL_CTL_ADD, fd, EPOLLIN);
    }
  }

  // [read_once]
  void read_once(int fd) {
    const ssize_t received = recv(fd, scratch_.data() + kCarry, scratch_.size() - kCarry, 0);
    if (received < 0 && errno == EAGAIN) return;
    if (received <= 0) return drop(fd);
    const std::size_t count =
        connection(fd).requests.count(scratch_.data() + kCarry, static_cast<std::size_t>(received));
    if (waiting_.waits()) {
      waiting_.add(fd, connection(fd).life, count);
    } else {
      reply(fd, count);
    }
  }
  // [/read_once]

  void reply(int fd, std::size_t count) {
    std::size_t& owed = connection(fd).owed;
    const bool was_blocked = owed > 0;
    owed += count * response_.size();
    while (owed > 0) {
      const ssize_t sent = response_.file < 0 ? send_replies(fd, owed) : send_file(fd, owed);
      if (sent < 0 && errno == EAGAIN) break;
      if (sent <= 0) return drop(fd);
      owed -= static_cast<std::size_t>(sent);
    }
    const bool blocked = owed > 0;
    if (blocked != was_blocked) watch(EPOLL_CTL_MOD, fd, blocked ? EPOLLOUT : EPOLLIN);
  }

  ssize_t send_replies(int fd, std::size_t owed) const {
    const std::size_t offset = response_.offset(owed);
    return send(fd, replies_.data() + offset, std::min(owed, replies_.size() - offset),
                MSG_NOSIGNAL);
  }

  ssize_t send_file(int fd, std::size_t owed) const {
    const std::string& head = response_.head;
    const std::size_t offset = response_.offset(owed);
    if (offset < head.size()) {
      return send(fd, head.data() + offset, head.size() - offset, MSG_NOSIGNAL | MSG_MORE);
    }
    auto from = static_cast<off_t>(offset - head.size());
    return sendfile(fd, response_.file, &from, response_.size() - offset);
  }

  int reply_to_due() {
    return waiting_.reply_to_due([this](int fd, std::uint32_t life, std::size_t count) {
      if (connection(fd).life == life) reply(fd, count);
    });
  }

  void drop(int fd) {
    ++connection(fd).life;
    close(fd);
  }

  int epoll_ = check(epoll_create1(0), "epoll_create1");
  // By descriptor, made in advance: a connection costs no memory later.
  std::vector<Connection> table_ = std::vector<Connection>(kMostConnections);
  std::vector<char> scratch_ = std::vector<char>(kCarry + 65536);
  Response response_;
  std::string replies_;  // many copies of the response: one send answers a whole pipeline
  WaitQueue waiting_;
};

}  // namespace

int main(int argc, char** argv) {
  serve<RawServer>(argc, argv);
}
