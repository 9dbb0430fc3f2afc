#include <poll.h>

#include <cerrno>
#include <system_error>
#include <unordered_map>
#include <vector>

#include "loop/poll/poller.h"

namespace tornado::ioloop::detail {
namespace {

// poll(2), for systems without epoll; the same tests run on it. It passes the whole list to the
// kernel at every wait, so the cost of a wait grows with the number of descriptors.
class PollPoller final : public Poller {
 public:
  std::string_view name() const noexcept override { return "poll"; }

  void add(int fd, std::uint32_t events, std::uint64_t tag) override {
    refuse_if_forked();
    // poll() accepts any number. epoll reports at once that a descriptor is not open, so this does
    // too.
    pollfd probe{fd, 0, 0};
    if (::poll(&probe, 1, 0) < 0 || (probe.revents & POLLNVAL) != 0) {
      throw std::system_error(EBADF, std::generic_category(), "poll");
    }
    index_.emplace(fd, list_.size());
    list_.push_back({fd, static_cast<short>(events), 0});
    tags_.push_back(tag);
  }

  void modify(int fd, std::uint32_t events, std::uint64_t tag) override {
    const auto found = index_.find(fd);
    if (found == index_.end() || list_[found->second].fd < 0) {
      throw std::system_error(ENOENT, std::generic_category(), "poll");
    }
    list_[found->second].events = static_cast<short>(events);
    tags_[found->second] = tag;
  }

  void remove(int fd) noexcept override {
    const auto found = index_.find(fd);
    if (found == index_.end()) return;
    const std::size_t place = found->second;
    index_.erase(found);
    if (place + 1 != list_.size()) {
      list_[place] = list_.back();
      tags_[place] = tags_.back();
      const int moved = list_[place].fd;
      index_[moved < 0 ? ~moved : moved] = place;
    }
    list_.pop_back();
    tags_.pop_back();
  }

  int wait(PollEvent* events, int capacity, int timeout_ms) override {
    refuse_if_forked();
    int left = ::poll(list_.data(), list_.size(), timeout_ms);
    if (left < 0) {
      if (errno == EINTR) return 0;
      throw std::system_error(errno, std::generic_category(), "poll");
    }
    int count = 0;
    // Begins where the last full batch ended, so that low places do not starve high ones.
    const std::size_t size = list_.size();
    if (start_ >= size) start_ = 0;
    std::size_t place = start_;
    for (std::size_t i = 0; i < size && left > 0 && count < capacity; ++i) {
      place = start_ + i < size ? start_ + i : start_ + i - size;
      if (list_[place].revents == 0) continue;
      --left;
      if ((list_[place].revents & POLLNVAL) != 0) {
        // Closed behind our back. epoll forgets such a descriptor; poll() skips negative numbers.
        list_[place].fd = ~list_[place].fd;
        continue;
      }
      events[count++] = {tags_[place], static_cast<std::uint16_t>(list_[place].revents)};
    }
    start_ = count == capacity ? place + 1 : 0;
    return count;
  }

 private:
  std::vector<pollfd> list_;
  std::vector<std::uint64_t> tags_;
  std::unordered_map<int, std::size_t> index_;
  std::size_t start_ = 0;
};

}  // namespace

std::unique_ptr<Poller> make_poll_poller() {
  return std::make_unique<PollPoller>();
}

}  // namespace tornado::ioloop::detail
