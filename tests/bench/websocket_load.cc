// The load of the WebSocket comparison. Prints one JSON object. Exit code 1: a connection was
// refused or lost, or an echo was wrong.
//
//   websocket_load echo PORT CONNECTIONS IN_FLIGHT SECONDS
//       64-byte binary messages, IN_FLIGHT of them on their way on each connection, each echo
//       checked: messages per second
//   websocket_load idle PORT CONNECTIONS PID
//       opens the connections, and says nothing: bytes of memory the process PID grew by for each,
//       once a first one has had its echo
//   websocket_load crowd PORT CONNECTIONS TIMES PID
//       what one says the server tells all: seconds until the last one has it, and the processor
//       time that the process PID used meanwhile for all messages together

#include <netinet/tcp.h>
#include <sys/epoll.h>

#include <array>
#include <vector>

#include "load_tools.h"

namespace {

using load::check;
using load::Clock;
using load::fail;
using load::seconds_since;

constexpr std::size_t kPayload = 64;
constexpr std::size_t kSent = kPayload + 6;  // a masked frame
constexpr std::size_t kEchoed = kPayload + 2;
constexpr int kOpening = 100;  // handshakes on their way at the same time
constexpr int kStuckMs = 20'000;
constexpr std::string_view kRequest =
    "GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

std::string make_message(bool masked) {
  std::string frame = {'\x82', static_cast<char>(kPayload | (masked ? 0x80u : 0u))};
  const std::array<char, 4> key = {'\x12', '\x34', '\x56', '\x78'};
  if (masked) frame.append(key.data(), key.size());
  for (std::size_t i = 0; i < kPayload; ++i) {
    const char plain = static_cast<char>('a' + i % 26);
    frame += masked ? static_cast<char>(plain ^ key[i % 4]) : plain;
  }
  return frame;
}

class Load {
 public:
  Load(int port, int connections)
      : port_(port), epoll_(check(epoll_create1(0), "epoll_create1")), wanted_(connections) {
    rlimit files{};
    check(getrlimit(RLIMIT_NOFILE, &files), "getrlimit");
    files.rlim_cur = files.rlim_max;
    check(setrlimit(RLIMIT_NOFILE, &files), "setrlimit");
    const std::string expected = make_message(false);
    for (int i = 0; i < 2048; ++i) expected_ += expected;
    for (int i = 0; i < 64; ++i) sent_ += make_message(true);
  }

  // Opens them all, at most kOpening at a time.
  void open() {
    while (static_cast<int>(fds_.size()) < wanted_) {
      const int batch = std::min(kOpening, wanted_ - static_cast<int>(fds_.size()));
      const std::size_t first = fds_.size();
      for (int i = 0; i < batch; ++i) fds_.push_back(connect_one());
      for (std::size_t i = first; i < fds_.size(); ++i) finish_handshake(fds_[i]);
    }
    for (const int fd : fds_) {
      epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
      check(epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
    }
    place_.assign(static_cast<std::size_t>(*std::max_element(fds_.begin(), fds_.end())) + 1, 0);
  }

  void echo_one() {
    send_messages(fds_.back(), 1);
    std::size_t echoes = 0;
    while (echoes == 0) step([&](int, std::size_t count) { echoes += count; });
  }

  void send_messages(int fd, std::size_t count) const {
    const std::size_t size = count * kSent;
    // Little is on its way at a time: it fits into the socket.
    if (send(fd, sent_.data(), size, MSG_NOSIGNAL) != static_cast<ssize_t>(size)) fail("send");
  }

  // Waits for what comes, checks it, and calls `got(fd, whole messages)`.
  template <class Got>
  void step(Got got) {
    std::array<epoll_event, 256> events;
    const int count =
        check(epoll_wait(epoll_, events.data(), events.size(), kStuckMs), "epoll_wait");
    if (count == 0) fail("nothing comes any more");
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      std::size_t& place = place_[static_cast<std::size_t>(fd)];
      const ssize_t received = recv(fd, scratch_.data(), scratch_.size(), 0);
      if (received <= 0) fail("a connection was lost");
      const auto size = static_cast<std::size_t>(received);
      if (std::memcmp(scratch_.data(), expected_.data() + place, size) != 0) fail("a wrong echo");
      const std::size_t whole = (place + size) / kEchoed;
      place = (place + size) % kEchoed;
      if (whole > 0) got(fd, whole);
    }
  }

  const std::vector<int>& fds() const { return fds_; }

 private:
  int connect_one() const {
    const int fd = check(socket(AF_INET, SOCK_STREAM, 0), "socket");
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port_));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    check(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), "connect");
    check(static_cast<int>(send(fd, kRequest.data(), kRequest.size(), MSG_NOSIGNAL)), "send");
    return fd;
  }
  static void finish_handshake(int fd) {
    std::string head;
    char byte;
    while (!head.ends_with("\r\n\r\n")) {
      if (recv(fd, &byte, 1, 0) != 1) fail("no handshake");
      head += byte;
    }
    if (!head.starts_with("HTTP/1.1 101 ")) fail("refused: " + head);
  }

  int port_;
  int epoll_;
  int wanted_;
  std::vector<int> fds_;
  std::vector<std::size_t> place_;  // by descriptor: bytes into the message that comes
  std::string expected_;
  std::string sent_;
  std::array<char, 65536> scratch_;
};

void echo(int port, int connections, std::size_t in_flight, double seconds) {
  if (in_flight > 64) fail("too many in flight");
  Load load(port, connections);
  load.open();
  for (const int fd : load.fds()) load.send_messages(fd, in_flight);
  std::uint64_t messages = 0;
  const auto start = Clock::now();
  double passed = 0;
  while ((passed = seconds_since(start)) < seconds) {
    load.step([&](int fd, std::size_t count) {
      messages += count;
      load.send_messages(fd, count);
    });
  }
  std::printf("{\"messages\": %llu, \"seconds\": %.3f}\n",
              static_cast<unsigned long long>(messages), passed);
}

long resident_bytes(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/statm");
  long size = 0;
  long resident = 0;
  if (!(file >> size >> resident)) fail("no process " + pid);
  return resident * sysconf(_SC_PAGESIZE);
}

void idle(int port, int connections, const std::string& pid) {
  // Makes the program load once what no single connection should pay for, such as its code.
  Load first(port, 1);
  first.open();
  first.echo_one();
  const long before = resident_bytes(pid);
  const auto start = Clock::now();
  Load load(port, connections);
  load.open();
  const double passed = seconds_since(start);
  const double each = static_cast<double>(resident_bytes(pid) - before) / connections;
  load.echo_one();  // they are alive: the last one still gets its echo
  std::printf("{\"bytes_each\": %.0f, \"open_seconds\": %.3f}\n", each, passed);
}

void crowd(int port, int connections, int times, int pid) {
  Load load(port, connections);
  load.open();
  std::vector<double> samples;
  const double before = load::process_cpu_seconds(pid);
  for (int i = 0; i < times; ++i) {
    const auto start = Clock::now();
    load.send_messages(load.fds().front(), 1);
    std::size_t got = 0;
    while (got < load.fds().size()) load.step([&](int, std::size_t count) { got += count; });
    samples.push_back(seconds_since(start));
  }
  const double used = load::process_cpu_seconds(pid) - before;
  std::sort(samples.begin(), samples.end());
  std::printf("{\"median_seconds\": %.4f, \"best_seconds\": %.4f, \"server_cpu_s\": %.6f}\n",
              samples[samples.size() / 2], samples.front(), used);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  const auto number = [&args](std::size_t at) { return std::atoi(args[at].c_str()); };
  if (args.size() == 5 && args[0] == "echo") {
    echo(number(1), number(2), static_cast<std::size_t>(number(3)), std::atof(args[4].c_str()));
  } else if (args.size() == 4 && args[0] == "idle") {
    idle(number(1), number(2), args[3]);
  } else if (args.size() == 5 && args[0] == "crowd") {
    crowd(number(1), number(2), number(3), number(4));
  } else {
    std::fprintf(stderr,
                 "usage: websocket_load echo PORT CONNECTIONS IN_FLIGHT SECONDS | "
                 "idle PORT CONNECTIONS PID | crowd PORT CONNECTIONS TIMES PID\n");
    return 2;
  }
}
