#include "network.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace simulation {

using tornado::ioloop::IOLoop;

namespace {

constexpr std::size_t kWindow = 65'536;  // bytes that a direction carries at a time
constexpr double kRetry = 0.05;          // seconds until a full receiver is tried again

enum Event : std::uint64_t { kTaken, kDelivered, kEnded, kCut };

[[noreturn]] void throw_errno(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

std::uint64_t Random::next() {
  state_ += 0x9e3779b97f4a7c15;
  std::uint64_t value = state_;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

void Trace::mix(std::uint64_t value) {
  hash_ = (hash_ ^ value) * 0x100000001b3;
  hash_ ^= hash_ >> 29;
}

void Trace::note(std::uint64_t who, std::uint64_t what, std::uint64_t size) {
  ++events_;
  mix(std::bit_cast<std::uint64_t>(loop_.time()));
  mix(who);
  mix(what);
  mix(size);
  check_();
}

Wire::Wire(IOLoop& loop, Random random, Trace& trace, std::uint64_t number, std::array<int, 2> ends,
           const Weather& weather)
    : loop_(loop), random_(random), trace_(trace), number_(number), ends_(ends), weather_(weather) {
  for (const std::size_t from : {0U, 1U}) {
    loop_.add_handler(
        ends_[from], [this, from](int, std::uint32_t) { on_event(from); }, IOLoop::READ);
  }
  if (weather_.cut_after >= 0) {
    cut_timer_ = loop_.call_later(weather_.cut_after, [this] { cut(); });
  }
}

void Wire::cut() {
  if (is_cut_) return;
  is_cut_ = true;
  loop_.remove_timeout(cut_timer_);
  for (const std::size_t from : {0U, 1U}) {
    loop_.remove_timeout(directions_[from].timer);
    if (directions_[from].reading) loop_.remove_handler(ends_[from]);
    ::close(ends_[from]);
  }
  trace_.note(number_, kCut, 0);
}

// A handler that another one removed may still be called in this round.
void Wire::on_event(std::size_t from) {
  if (is_cut_) return;
  if (directions_[from].ended || directions_[from].held >= kWindow) return watch(from, false);
  take(from);
}

void Wire::take(std::size_t from) {
  Direction& direction = directions_[from];
  std::string bytes(1 + random_.below(weather_.piece), '\0');
  const ssize_t count = ::recv(ends_[from], bytes.data(), bytes.size(), 0);
  if (count < 0 && errno == EAGAIN) return;
  if (count < 0) return cut();
  bytes.resize(static_cast<std::size_t>(count));
  direction.held += bytes.size();
  direction.ended = bytes.empty();
  double delay = random_.seconds(weather_.delay);
  if (random_.chance(weather_.stall)) delay += random_.seconds(weather_.stall_seconds);
  direction.last_due = std::max(direction.last_due, loop_.time() + delay);
  trace_.note(number_ * 2 + from, kTaken, bytes.size());
  direction.pieces.push_back({direction.last_due, std::move(bytes)});
  if (direction.ended || direction.held >= kWindow) watch(from, false);
  if (!direction.timer.pending()) arm(from, direction.pieces.front().due);
}

void Wire::arm(std::size_t from, double when) {
  directions_[from].timer =
      loop_.call_later(std::max(0.0, when - loop_.time()), [this, from] { deliver(from); });
}

void Wire::deliver(std::size_t from) {
  Direction& direction = directions_[from];
  const int to = ends_[1 - from];
  while (!direction.pieces.empty() && direction.pieces.front().due <= loop_.time()) {
    Piece& piece = direction.pieces.front();
    if (piece.bytes.empty()) {
      ::shutdown(to, SHUT_WR);
      trace_.note(number_ * 2 + from, kEnded, 0);
      direction.pieces.pop_front();
      if (directions_[1 - from].ended && directions_[1 - from].pieces.empty()) return cut();
      continue;
    }
    const ssize_t count = ::send(to, piece.bytes.data(), piece.bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno != EAGAIN) return cut();
    if (count < 0) return arm(from, loop_.time() + kRetry);
    trace_.note(number_ * 2 + from, kDelivered, static_cast<std::uint64_t>(count));
    direction.held -= static_cast<std::size_t>(count);
    piece.bytes.erase(0, static_cast<std::size_t>(count));
    if (piece.bytes.empty()) direction.pieces.pop_front();
    if (!direction.ended && direction.held < kWindow) watch(from, true);
  }
  if (!direction.pieces.empty()) arm(from, direction.pieces.front().due);
}

// The other events, a peer's end among them, are then noticed by send().
void Wire::watch(std::size_t from, bool reading) {
  if (std::exchange(directions_[from].reading, reading) == reading) return;
  if (reading) {
    loop_.add_handler(
        ends_[from], [this, from](int, std::uint32_t) { on_event(from); }, IOLoop::READ);
  } else {
    loop_.remove_handler(ends_[from]);
  }
}

std::array<int, 2> socket_pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0) {
    throw_errno("socketpair");
  }
  return ends;
}

int connect_unix(const std::string& path) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) throw_errno("socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), std::min(path.size(), sizeof address.sun_path - 1));
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw_errno("connect");
  }
  return fd;
}

}  // namespace simulation
