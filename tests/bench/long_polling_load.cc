// A crowd of clients that wait for a message, one who asks meanwhile, and the message.
//
//   long_polling_load PORT CLIENTS WAIT ASK SAY WORD
//
// PORT on 127.0.0.1. WAIT, ASK and SAY are whole requests: one that is answered when there is news,
// one that is answered at once, and one that says WORD to all. CLIENTS send WAIT; then this prints
// "waiting", and goes on when it gets a line on stdin: so somebody may look at the server's memory
// between. Then one client asks kAsks times, and at last WORD is said while it asks on. Prints one
// JSON object. A server that leaves clients alone is not a failure of this program: they are
// counted. Exit code 1: the server refuses, answers wrongly, or is stuck.

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "load_tools.h"

namespace {

using load::check;
using load::Clock;
using load::fail;
using load::seconds_since;

constexpr std::size_t kBatch = 100;  // fewer than any backlog has places
constexpr int kAsks = 1000;
constexpr int kStuckMs = 60'000;
constexpr time_t kPatienceS = 30;

struct Settings {
  std::uint16_t port = 0;
  std::size_t clients = 0;
  std::string wait;
  std::string ask;
  std::string say;
  std::string word;
};

// Whether `text` is a whole response. One that is not a success ends the program.
bool whole(std::string_view text) {
  const std::size_t end = text.find("\r\n\r\n");
  if (end == text.npos) return false;
  if (!text.starts_with("HTTP/1.1 20")) fail("wrong answer: " + std::string(text));
  const std::string_view head = text.substr(0, end);
  return text.size() - end - 4 >= load::content_length(head).value_or(0);
}

int connect_to(std::uint16_t port, std::uint32_t host) {
  const int fd = check(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  const int on = 1;
  check(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "setsockopt");
  if (host != 0) {
    check(setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on), "setsockopt");
    const sockaddr_in from = load::loopback(host, 0);
    check(bind(fd, reinterpret_cast<const sockaddr*>(&from), sizeof from), "bind");
  }
  const sockaddr_in server = load::loopback(0, port);
  check(connect(fd, reinterpret_cast<const sockaddr*>(&server), sizeof server), "connect");
  return fd;
}

void send_whole(int fd, const std::string& request) {
  if (send(fd, request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    fail("a request could not be sent at once");
  }
}

// The client that asks. It keeps its connection as long as the server does.
class Active {
 public:
  explicit Active(std::uint16_t port) : port_(port) {}
  ~Active() { leave(); }
  Active(const Active&) = delete;
  Active& operator=(const Active&) = delete;

  // Returns how many microseconds the response took, including the connect if one was needed.
  // Throws std::runtime_error if no response comes.
  double ask(const std::string& request) {
    const auto start = Clock::now();
    if (fd_ < 0) fd_ = connect_to(port_, 0);
    const timeval patience{kPatienceS, 0};
    check(setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), "setsockopt");
    send_whole(fd_, request);
    std::string answer;
    while (!whole(answer)) {
      std::array<char, 4096> chunk;
      const ssize_t size = recv(fd_, chunk.data(), chunk.size(), 0);
      if (size == 0) throw std::runtime_error("its connection was closed");
      if (size < 0) throw std::runtime_error(std::strerror(errno));
      answer.append(chunk.data(), static_cast<std::size_t>(size));
    }
    const double took = seconds_since(start) * 1e6;
    if (answer.find("\r\nConnection: close\r\n") != answer.npos) leave();
    return took;
  }

 private:
  void leave() {
    if (fd_ >= 0) close(std::exchange(fd_, -1));
  }

  std::uint16_t port_;
  int fd_ = -1;
};

// Those who wait.
class Crowd {
 public:
  explicit Crowd(const Settings& settings) : settings_(settings), members_(settings.clients) {}
  ~Crowd();
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  // All connect and send their request. After each batch, one more client connects and asks. Its
  // response shows that the batch before it was accepted, so the kernel's queue of new connections
  // never overflows, and a server that accepts no more is found out at once.
  void open();
  // Sees who has been left alone. Nobody may have been answered.
  void count_lost();
  // Waits until all who are left have the word.
  void wait_for_word();

  std::size_t lost() const { return lost_; }
  std::size_t first_lost() const { return first_lost_; }

 private:
  struct Member {
    int fd = -1;
    std::string received;
  };

  void receive(std::size_t index);
  void leave(std::size_t index);

  const Settings& settings_;
  std::vector<Member> members_;
  std::size_t lost_ = 0;
  std::size_t first_lost_ = 0;  // the lowest number of a lost client
  std::size_t answered_ = 0;
  int epoll_ = check(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
};

Crowd::~Crowd() {
  for (const Member& member : members_) {
    if (member.fd >= 0) load::reset(member.fd);
  }
  close(epoll_);
}

void Crowd::open() {
  const std::size_t per_address = load::ports_per_address();
  for (std::size_t index = 0; index < members_.size(); ++index) {
    const int fd = connect_to(settings_.port, static_cast<std::uint32_t>(1 + index / per_address));
    members_[index].fd = fd;
    epoll_event event{};
    event.events = EPOLLIN | EPOLLRDHUP;
    event.data.u64 = index;
    check(epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
    send_whole(fd, settings_.wait);
    if ((index + 1) % kBatch != 0 && index + 1 != members_.size()) continue;
    try {
      Active(settings_.port).ask(settings_.ask);
    } catch (const std::runtime_error& error) {
      fail("with " + std::to_string(index + 1) +
           " clients one more is not served: " + error.what());
    }
  }
}

void Crowd::count_lost() {
  std::array<epoll_event, 512> events;
  for (int count;
       (count = check(epoll_wait(epoll_, events.data(), events.size(), 0), "epoll_wait")) > 0;) {
    for (int i = 0; i < count; ++i) receive(events[static_cast<std::size_t>(i)].data.u64);
  }
  if (answered_ > 0) fail(std::to_string(answered_) + " clients were answered before the message");
}

void Crowd::wait_for_word() {
  std::array<epoll_event, 512> events;
  while (answered_ + lost_ < members_.size()) {
    const int count =
        check(epoll_wait(epoll_, events.data(), events.size(), kStuckMs), "epoll_wait");
    if (count == 0) fail("stuck: " + std::to_string(answered_) + " clients have the message");
    for (int i = 0; i < count; ++i) receive(events[static_cast<std::size_t>(i)].data.u64);
  }
}

void Crowd::receive(std::size_t index) {
  Member& member = members_[index];
  std::array<char, 4096> chunk;
  const ssize_t size = recv(member.fd, chunk.data(), chunk.size(), MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0) {
    first_lost_ = lost_ == 0 ? index : std::min(first_lost_, index);
    ++lost_;
    return leave(index);
  }
  member.received.append(chunk.data(), static_cast<std::size_t>(size));
  if (!whole(member.received)) return;
  if (member.received.find(settings_.word) == std::string::npos)
    fail("wrong news: " + member.received);
  ++answered_;
  leave(index);
}

// The connection stays open, as a browser's does, but nothing of it is looked at any more.
void Crowd::leave(std::size_t index) {
  check(epoll_ctl(epoll_, EPOLL_CTL_DEL, members_[index].fd, nullptr), "epoll_ctl");
}

void measure(const Settings& settings) {
  Crowd crowd(settings);
  crowd.open();
  std::printf("waiting\n");
  std::fflush(stdout);
  std::string line;
  std::getline(std::cin, line);
  crowd.count_lost();

  Active active(settings.port);
  active.ask(settings.ask);
  std::vector<double> quiet;
  for (int i = 0; i < kAsks; ++i) quiet.push_back(active.ask(settings.ask));
  std::sort(quiet.begin(), quiet.end());

  std::atomic<bool> over = false;
  double slowest_in_wake = 0;
  std::thread asking([&] {
    try {
      do {
        slowest_in_wake = std::max(slowest_in_wake, active.ask(settings.ask));
      } while (!over);
    } catch (const std::runtime_error& error) {
      fail(std::string("the active client is not served: ") + error.what());
    }
  });
  const auto start = Clock::now();
  Active(settings.port).ask(settings.say);
  crowd.wait_for_word();
  const double wake = seconds_since(start);
  over = true;
  asking.join();

  std::printf(
      "{\"clients\": %zu, \"lost\": %zu, \"first_lost\": %zu, \"p50_us\": %.1f, \"p99_us\": %.1f, "
      "\"slowest_us\": %.1f, \"wake_ms\": %.3f, \"slowest_in_wake_us\": %.1f}\n",
      settings.clients, crowd.lost(), crowd.first_lost(), quiet[kAsks / 2], quiet[kAsks * 99 / 100],
      quiet.back(), wake * 1e3, slowest_in_wake);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) {
    std::fprintf(stderr, "usage: long_polling_load PORT CLIENTS WAIT ASK SAY WORD\n");
    return 2;
  }
  Settings settings;
  settings.port = static_cast<std::uint16_t>(std::atoi(argv[1]));
  settings.clients = static_cast<std::size_t>(std::atol(argv[2]));
  settings.wait = argv[3];
  settings.ask = argv[4];
  settings.say = argv[5];
  settings.word = argv[6];
  load::allow_files(settings.clients + 16);
  try {
    measure(settings);
  } catch (const std::exception& error) {
    fail(error.what());
  }
}
