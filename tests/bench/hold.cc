// Holds a crowd of idle keep-alive connections on a server, and measures what the crowd costs: the
// time until all are accepted and answered, the memory the server grew by, and what one active
// client feels, alone and in the crowd.
//
//   hold PORT PID[,PID...] [CONNECTIONS [PADDING]]
//
// PORT on 127.0.0.1; the PIDs are the server's processes, whose resident memory is summed.
// CONNECTIONS (default 10000) send one GET each, with PADDING (default 0) extra header bytes: a
// server that keeps the buffer of a large request shows only then. Prints one JSON object. Exit
// code 1: a connection was refused, lost or answered wrongly.

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "load_tools.h"

namespace {

using load::check;
using load::Clock;
using load::fail;
using load::loopback;
using load::seconds_since;

constexpr std::string_view kBody = "Hello, world";
constexpr std::size_t kOpening =
    256;  // connections on their way at the same time: below any backlog worth having
constexpr int kPings = 3000;
constexpr int kStuckMs = 10'000;

enum class Reply { kPartial, kGood, kBad };

// Judges the bytes received so far. A good reply is a 200 with Content-Length and the body we
// expect, and nothing after it.
Reply judge(std::string_view text) {
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string_view::npos) return Reply::kPartial;
  if (!text.starts_with("HTTP/1.1 200 ")) return Reply::kBad;
  const std::size_t length = load::content_length(text.substr(0, end)).value_or(kBody.size() + 1);
  const std::string_view body = text.substr(end + 4);
  if (length != kBody.size() || body.size() > length) return Reply::kBad;
  if (body.size() < length) return Reply::kPartial;
  return body == kBody ? Reply::kGood : Reply::kBad;
}

// smaps_rollup counts the pages; VmRSS of status may lag behind by some.
long resident_kib(const std::vector<int>& pids) {
  long sum = 0;
  for (const int pid : pids) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
    std::string word;
    while (file >> word && word != "Rss:") {
    }
    long kib = 0;
    if (!(file >> kib)) fail("no memory figures for process " + std::to_string(pid));
    sum += kib;
  }
  return sum;
}

class Crowd {
 public:
  Crowd(std::uint16_t port, std::string request, std::size_t size);
  ~Crowd();
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  // Opens all connections, sends one request on each and waits for the replies. Returns the seconds
  // this took.
  double open_and_ask();
  // Connections that are still open on both sides.
  std::size_t alive();

 private:
  struct Member {
    int fd = -1;
    bool asked = false;
    bool answered = false;
    std::string received;
  };

  void open_next();
  void handle(std::size_t index, std::uint32_t events);
  void ask(Member& member);
  void receive(std::size_t index);

  std::uint16_t port_;
  std::string request_;
  std::vector<Member> members_;
  std::size_t opened_ = 0;
  std::size_t answered_ = 0;
  std::size_t lost_ = 0;
  std::size_t per_address_ = load::ports_per_address();
  int epoll_ = check(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
};

Crowd::Crowd(std::uint16_t port, std::string request, std::size_t size)
    : port_(port), request_(std::move(request)), members_(size) {}

Crowd::~Crowd() {
  for (const Member& member : members_) {
    if (member.fd >= 0) load::reset(member.fd);
  }
  close(epoll_);
}

double Crowd::open_and_ask() {
  const auto start = Clock::now();
  std::array<epoll_event, 512> events;
  while (answered_ < members_.size()) {
    while (opened_ < members_.size() && opened_ - answered_ < kOpening) open_next();
    const int count = epoll_wait(epoll_, events.data(), events.size(), kStuckMs);
    if (count < 0 && errno == EINTR) continue;
    check(count, "epoll_wait");
    if (count == 0) fail("stuck: " + std::to_string(answered_) + " connections answered");
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      handle(event.data.u64, event.events);
    }
  }
  return seconds_since(start);
}

std::size_t Crowd::alive() {
  std::array<epoll_event, 512> events;
  for (int count;
       (count = check(epoll_wait(epoll_, events.data(), events.size(), 0), "epoll_wait")) > 0;) {
    for (int i = 0; i < count; ++i) receive(events[static_cast<std::size_t>(i)].data.u64);
  }
  return members_.size() - lost_;
}

void Crowd::open_next() {
  const std::size_t index = opened_++;
  const int fd = check(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket");
  members_[index].fd = fd;
  if (members_.size() > per_address_) {
    const int on = 1;
    check(setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on), "setsockopt");
    const sockaddr_in from = loopback(1 + static_cast<std::uint32_t>(index / per_address_), 0);
    check(bind(fd, reinterpret_cast<const sockaddr*>(&from), sizeof from), "bind");
  }
  const sockaddr_in server = loopback(0, port_);
  const int result = connect(fd, reinterpret_cast<const sockaddr*>(&server), sizeof server);
  if (result < 0 && errno != EINPROGRESS) check(result, "connect");
  epoll_event event{};
  event.events = EPOLLOUT;
  event.data.u64 = index;
  check(epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
}

void Crowd::handle(std::size_t index, std::uint32_t events) {
  Member& member = members_[index];
  if (member.asked) return receive(index);
  if ((events & (EPOLLERR | EPOLLHUP)) != 0)
    fail("connection " + std::to_string(index) + " was refused");
  ask(member);
  epoll_event event{};
  event.events = EPOLLIN | EPOLLRDHUP;
  event.data.u64 = index;
  check(epoll_ctl(epoll_, EPOLL_CTL_MOD, member.fd, &event), "epoll_ctl");
}

void Crowd::ask(Member& member) {
  const ssize_t sent = send(member.fd, request_.data(), request_.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(request_.size())) fail("a request could not be sent at once");
  member.asked = true;
}

void Crowd::receive(std::size_t index) {
  Member& member = members_[index];
  std::array<char, 4096> chunk;
  const ssize_t size = recv(member.fd, chunk.data(), chunk.size(), 0);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0) {
    if (!member.answered)
      fail("connection " + std::to_string(index) + " was closed before its answer");
    check(epoll_ctl(epoll_, EPOLL_CTL_DEL, member.fd, nullptr), "epoll_ctl");
    ++lost_;
    return;
  }
  if (member.answered)
    fail("connection " + std::to_string(index) + " got bytes it had not asked for");
  member.received.append(chunk.data(), static_cast<std::size_t>(size));
  const Reply reply = judge(member.received);
  if (reply == Reply::kBad) fail("wrong answer: " + member.received);
  if (reply == Reply::kPartial) return;
  std::string().swap(member.received);
  member.answered = true;
  ++answered_;
}

struct Latency {
  double p50_us;
  double p99_us;
};

// One client that asks again as soon as it was answered, on a connection of its own.
Latency ping(std::uint16_t port, const std::string& request) {
  const int fd = check(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  const sockaddr_in server = loopback(0, port);
  check(connect(fd, reinterpret_cast<const sockaddr*>(&server), sizeof server), "connect");
  const int on = 1;
  check(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "setsockopt");
  std::vector<double> times;
  for (int i = 0; i < kPings; ++i) {
    const auto start = Clock::now();
    if (send(fd, request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size())) {
      fail("the active client could not send");
    }
    std::string received;
    std::array<char, 4096> chunk;
    while (judge(received) == Reply::kPartial) {
      const ssize_t size = recv(fd, chunk.data(), chunk.size(), 0);
      if (size <= 0) fail("the active client lost its connection");
      received.append(chunk.data(), static_cast<std::size_t>(size));
    }
    if (judge(received) == Reply::kBad) fail("wrong answer to the active client: " + received);
    times.push_back(seconds_since(start) * 1e6);
  }
  close(fd);
  std::sort(times.begin(), times.end());
  return {times[times.size() / 2], times[times.size() * 99 / 100]};
}

std::vector<int> parse_pids(const std::string& text) {
  std::vector<int> pids;
  std::istringstream stream(text);
  for (std::string pid; std::getline(stream, pid, ',');) pids.push_back(std::atoi(pid.c_str()));
  return pids;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3 || argc > 5) {
    std::fprintf(stderr, "usage: hold PORT PID[,PID...] [CONNECTIONS [PADDING]]\n");
    return 2;
  }
  const auto port = static_cast<std::uint16_t>(std::atoi(argv[1]));
  const std::vector<int> pids = parse_pids(argv[2]);
  const auto size = static_cast<std::size_t>(argc > 3 ? std::atol(argv[3]) : 10'000);
  const auto padding = static_cast<std::size_t>(argc > 4 ? std::atol(argv[4]) : 0);
  const std::string small = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
  std::string request = small;
  if (padding > 0)
    request.insert(request.size() - 2, "X-Padding: " + std::string(padding, 'x') + "\r\n");
  load::allow_files(size + 16);

  const Latency alone = ping(port, small);
  const long before = resident_kib(pids);
  Crowd crowd(port, request, size);
  const double seconds = crowd.open_and_ask();
  const Latency in_crowd = ping(port, small);
  const long after = resident_kib(pids);
  const std::size_t alive = crowd.alive();

  std::printf(
      "{\"connections\": %zu, \"alive\": %zu, \"padding\": %zu, \"seconds\": %.4f, "
      "\"rss_before_kib\": %ld, \"rss_after_kib\": %ld, \"bytes_per_connection\": %.1f, "
      "\"alone_p50_us\": %.1f, \"alone_p99_us\": %.1f, \"crowd_p50_us\": %.1f, \"crowd_p99_us\": "
      "%.1f}\n",
      size, alive, padding, seconds, before, after,
      static_cast<double>(after - before) * 1024 / static_cast<double>(size), alone.p50_us,
      alone.p99_us, in_crowd.p50_us, in_crowd.p99_us);
  if (alive != size)
    fail("the server closed " + std::to_string(size - alive) + " idle connections");
  return 0;
}
