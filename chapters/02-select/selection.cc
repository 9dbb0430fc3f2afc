#include "02-select/selection.h"

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>

namespace mini {
namespace {

// [add]
void add(int fd, fd_set& set) {
  if (!Selection::fits(fd)) {
    throw std::out_of_range("select cannot watch descriptor " + std::to_string(fd));
  }
  FD_SET(fd, &set);  // checks nothing: sets bit number `fd`, counted from the start of `set`
}
// [/add]

timeval to_timeval(std::chrono::microseconds time) {
  const auto micros = std::max(time, std::chrono::microseconds(0)).count();
  return {micros / 1'000'000, micros % 1'000'000};
}

}  // namespace

Selection::Selection() {
  FD_ZERO(&readable_);
  FD_ZERO(&writable_);
}

// [watch]
void Selection::watch_read(int fd) {
  add(fd, readable_);
  highest_ = std::max(highest_, fd);
}

void Selection::watch_write(int fd) {
  add(fd, writable_);
  highest_ = std::max(highest_, fd);
}
// [/watch]

// [wait]
void Selection::wait(std::optional<std::chrono::microseconds> timeout) {
  timeval time{};
  if (timeout) time = to_timeval(*timeout);
  const int ready =
      ::select(highest_ + 1, &readable_, &writable_, nullptr, timeout ? &time : nullptr);
  if (ready >= 0) return;
  if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "select");
  // The sets still hold the question. Nobody must take it for the answer.
  FD_ZERO(&readable_);
  FD_ZERO(&writable_);
}
// [/wait]

bool Selection::can_read(int fd) const {
  return fits(fd) && FD_ISSET(fd, &readable_);
}

bool Selection::can_write(int fd) const {
  return fits(fd) && FD_ISSET(fd, &writable_);
}

}  // namespace mini
