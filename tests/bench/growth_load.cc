// The load of growth.py: keep-alive connections, each with one request under way, whose responses
// are checked. Prints one JSON object: how many requests, and the server's processor time for them.
// Exit code 1: a connection was refused or lost, or a response was wrong.
//
//   growth_load PORT PID PATH [KEY=NUMBER ...]
//
// PID is the server's process, on this machine. A # in PATH stands for a number from 0 to
// paths - 1: each comes once before one comes again, in a scattered order. The keys and their
// defaults:
//
//   connections=1   all open, and each has had a response, before the time is taken
//   seconds=1       after them no request is begun; those under way are waited for, and counted
//   paths=1         see PATH
//   fields=0        header fields of a request beside Host
//   body=0          bytes of a request's body; with any, it is a POST
//   expected=12     bytes of a response's body
#include <netinet/tcp.h>
#include <sys/epoll.h>

#include <array>
#include <map>
#include <vector>

#include "load_tools.h"

namespace {

using load::check;
using load::fail;

constexpr std::size_t kOpening = 256;  // connections on their way at the same time
constexpr int kStuckMs = 60'000;
constexpr std::uint64_t kStride = 2'654'435'761;  // a prime: has no divisor in common with `paths`

struct Options {
  std::uint16_t port = 0;
  int pid = 0;
  std::string path;
  std::map<std::string, double> numbers = {{"connections", 1}, {"seconds", 1}, {"paths", 1},
                                           {"fields", 0},      {"body", 0},    {"expected", 12}};

  double seconds() const { return numbers.at("seconds"); }
  std::size_t size(const char* key) const { return static_cast<std::size_t>(numbers.at(key)); }
};

// The heads of all requests, made beforehand: one for each path.
std::vector<std::string> make_heads(const Options& options) {
  std::string rest = " HTTP/1.1\r\nHost: 127.0.0.1\r\n";
  for (std::size_t i = 0; i < options.size("fields"); ++i) {
    rest += "X-Field-" + std::to_string(i) + ": value " + std::to_string(i) + "\r\n";
  }
  const std::size_t body = options.size("body");
  if (body > 0) rest += "Content-Length: " + std::to_string(body) + "\r\n";
  rest += "\r\n";
  std::vector<std::string> heads;
  for (std::size_t i = 0; i < options.size("paths"); ++i) {
    std::string path = options.path;
    if (const auto place = path.find('#'); place != path.npos)
      path.replace(place, 1, std::to_string(i));
    heads.push_back((body > 0 ? "POST " : "GET ") + path + rest);
  }
  return heads;
}

class Load {
 public:
  explicit Load(const Options& options)
      : options_(options), heads_(make_heads(options)), members_(options.size("connections")) {}
  ~Load() {
    for (const Member& member : members_) {
      if (member.fd >= 0) load::reset(member.fd);
    }
    close(epoll_);
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  // Opens the connections; each has had one response when this returns.
  void open() {
    while (answered_ < members_.size()) {
      while (opened_ < members_.size() && opened_ - answered_ < kOpening) open_next();
      step();
    }
  }

  // Returns how many requests were answered. All were begun within the time.
  std::uint64_t run(double seconds) {
    answered_ = 0;
    const std::uint64_t first = begun_;
    const auto start = load::Clock::now();
    again_ = true;
    for (std::size_t i = 0; i < members_.size(); ++i) begin(i);
    while (answered_ < begun_ - first) {
      step();
      if (again_) again_ = load::seconds_since(start) < seconds;
    }
    return answered_;
  }

 private:
  struct Member {
    int fd = -1;
    bool writable_wanted = false;
    const std::string* head = nullptr;
    std::size_t sent = 0;       // of head and body
    std::string received;       // of the response's head, until it is complete
    std::size_t body_left = 0;  // of the response; only if its head is complete
    bool in_body = false;
  };

  void open_next();
  void step();
  void watch(std::size_t index, int operation, std::uint32_t events);
  void begin(std::size_t index);
  void send_more(std::size_t index);
  void receive(std::size_t index);
  std::string_view take_head(Member& member, std::string_view bytes) const;

  const Options& options_;
  std::vector<std::string> heads_;
  std::string body_ = std::string(1 << 20, 'x');
  std::vector<Member> members_;
  std::size_t opened_ = 0;
  std::uint64_t begun_ = 0;
  std::uint64_t answered_ = 0;
  bool again_ = false;  // whether a response is followed by the next request
  std::vector<char> scratch_ = std::vector<char>(1 << 18);
  int epoll_ = check(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
};

void Load::open_next() {
  const std::size_t index = opened_++;
  const int fd = check(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  members_[index].fd = fd;
  const sockaddr_in server = load::loopback(0, options_.port);
  check(connect(fd, reinterpret_cast<const sockaddr*>(&server), sizeof server), "connect");
  const int on = 1;
  check(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "setsockopt");
  watch(index, EPOLL_CTL_ADD, EPOLLIN);
  begin(index);
}

void Load::watch(std::size_t index, int operation, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = index;
  check(epoll_ctl(epoll_, operation, members_[index].fd, &event), "epoll_ctl");
  members_[index].writable_wanted = (events & EPOLLOUT) != 0;
}

void Load::step() {
  std::array<epoll_event, 512> events;
  const int count = epoll_wait(epoll_, events.data(), events.size(), kStuckMs);
  if (count < 0 && errno == EINTR) return;
  check(count, "epoll_wait");
  if (count == 0) fail("no response for " + std::to_string(kStuckMs / 1000) + " s");
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if ((event.events & EPOLLOUT) != 0) send_more(event.data.u64);
    if ((event.events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) receive(event.data.u64);
  }
}

void Load::begin(std::size_t index) {
  Member& member = members_[index];
  // Strides through the paths, so that a short sample is not one of the first routes only.
  member.head = &heads_[begun_++ * kStride % heads_.size()];
  member.sent = 0;
  send_more(index);
}

void Load::send_more(std::size_t index) {
  Member& member = members_[index];
  const std::size_t head = member.head->size();
  const std::size_t whole = head + options_.size("body");
  while (member.sent < whole) {
    std::string_view part = member.sent < head
                                ? std::string_view(*member.head).substr(member.sent)
                                : std::string_view(body_).substr(0, whole - member.sent);
    const ssize_t size = send(member.fd, part.data(), part.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN) {
      if (!member.writable_wanted) watch(index, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
      return;
    }
    member.sent += static_cast<std::size_t>(check(static_cast<int>(size), "send"));
  }
  if (member.writable_wanted) watch(index, EPOLL_CTL_MOD, EPOLLIN);
}

// Returns what follows the head in `bytes`; nothing, if it is not complete yet.
std::string_view Load::take_head(Member& member, std::string_view bytes) const {
  member.received += bytes;
  const std::size_t end = member.received.find("\r\n\r\n");
  if (end == std::string::npos) return {};
  const std::string_view head = std::string_view(member.received).substr(0, end);
  if (!head.starts_with("HTTP/1.1 200 ") || load::content_length(head) != options_.size("expected"))
    fail("wrong response: " + std::string(head));
  bytes.remove_prefix(bytes.size() - (member.received.size() - end - 4));
  member.received.clear();
  member.in_body = true;
  member.body_left = options_.size("expected");
  return bytes;
}

void Load::receive(std::size_t index) {
  Member& member = members_[index];
  const ssize_t size = recv(member.fd, scratch_.data(), scratch_.size(), MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0) fail("a connection was lost");
  std::string_view bytes(scratch_.data(), static_cast<std::size_t>(size));
  if (!member.in_body) bytes = take_head(member, bytes);
  if (!member.in_body) return;
  if (bytes.size() > member.body_left) fail("more bytes than the response's body has");
  member.body_left -= bytes.size();
  if (member.body_left > 0) return;
  member.in_body = false;
  ++answered_;
  if (again_) begin(index);
}

Options parse(int argc, char** argv) {
  Options options;
  bool good = argc >= 4;
  if (good) {
    options.port = static_cast<std::uint16_t>(std::atoi(argv[1]));
    options.pid = std::atoi(argv[2]);
    options.path = argv[3];
  }
  for (int i = 4; i < argc; ++i) {
    const std::string word = argv[i];
    const auto found = options.numbers.find(word.substr(0, word.find('=')));
    good = good && found != options.numbers.end() && word.find('=') != word.npos;
    if (good) found->second = std::strtod(word.c_str() + word.find('=') + 1, nullptr);
  }
  if (!good) {
    std::fprintf(stderr, "usage: growth_load PORT PID PATH [KEY=NUMBER ...]; keys:");
    for (const auto& [key, value] : options.numbers) std::fprintf(stderr, " %s", key.c_str());
    std::fprintf(stderr, "\n");
    std::exit(2);
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  load::allow_files(options.size("connections") + 16);
  Load load(options);
  load.open();
  const double before = load::process_cpu_seconds(options.pid);
  const std::uint64_t requests = load.run(options.seconds());
  const double used = load::process_cpu_seconds(options.pid) - before;
  std::printf("{\"items\": %llu, \"cpu_s\": %.6f}\n", static_cast<unsigned long long>(requests),
              used);
}
