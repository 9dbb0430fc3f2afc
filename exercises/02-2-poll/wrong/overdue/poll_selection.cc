#include "02-2-poll/poll_selection.h"

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace {

// Returns the timeout as poll wants it: in milliseconds. Rounds up, because a server that wakes too
// early finds that nothing is due.
int to_poll_time(std::optional<std::chrono::microseconds> timeout) {
  if (!timeout) return -1;
  const auto time = std::chrono::ceil<std::chrono::milliseconds>(*timeout);
  return static_cast<int>(std::min<long>(time.count(), 1'000'000'000));
}

}  // namespace

void PollSelection::watch_read(int fd) {
  question_.push_back({fd, POLLIN, 0});
}

void PollSelection::watch_write(int fd) {
  question_.push_back({fd, POLLOUT, 0});
}

void PollSelection::wait(std::optional<std::chrono::microseconds> timeout) {
  const int ready = ::poll(question_.data(), question_.size(), to_poll_time(timeout));
  if (ready < 0) {
    if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "poll");
    for (pollfd& one : question_) one.revents = 0;
  }
  for (const pollfd& one : question_) {
    if (one.revents & POLLNVAL) throw std::system_error(EBADF, std::generic_category(), "poll");
  }
}

bool PollSelection::can_read(int fd) const {
  return std::any_of(question_.begin(), question_.end(), [fd](const pollfd& one) {
    return one.fd == fd && one.events == POLLIN && (one.revents & (POLLIN | POLLHUP | POLLERR));
  });
}

bool PollSelection::can_write(int fd) const {
  return std::any_of(question_.begin(), question_.end(), [fd](const pollfd& one) {
    return one.fd == fd && one.events == POLLOUT && (one.revents & (POLLOUT | POLLERR));
  });
}
