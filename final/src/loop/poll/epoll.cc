#if __has_include(<sys/epoll.h>)

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "loop/poll/poller.h"

namespace tornado::ioloop::detail {
namespace {

class EpollPoller final : public Poller {
 public:
  EpollPoller() : fd_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  }
  ~EpollPoller() override { ::close(fd_); }

  std::string_view name() const noexcept override { return "epoll"; }

  void add(int fd, std::uint32_t events, std::uint64_t tag) override {
    control(EPOLL_CTL_ADD, fd, events, tag);
  }
  void modify(int fd, std::uint32_t events, std::uint64_t tag) override {
    control(EPOLL_CTL_MOD, fd, events, tag);
  }
  void remove(int fd) noexcept override {
    if (!is_forked()) ::epoll_ctl(fd_, EPOLL_CTL_DEL, fd, nullptr);
  }

  int wait(PollEvent* events, int capacity, int timeout_ms) override {
    refuse_if_forked();
    const int room = std::min(capacity, static_cast<int>(raw_.size()));
    const int count = ::epoll_wait(fd_, raw_.data(), room, timeout_ms);
    if (count < 0) {
      if (errno == EINTR) return 0;
      throw std::system_error(errno, std::generic_category(), "epoll_wait");
    }
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = raw_[static_cast<std::size_t>(i)];
      events[i] = {event.data.u64, event.events};
    }
    return count;
  }

 private:
  void control(int operation, int fd, std::uint32_t events, std::uint64_t tag) {
    refuse_if_forked();
    epoll_event event{};
    event.events = events;
    event.data.u64 = tag;
    if (::epoll_ctl(fd_, operation, fd, &event) < 0) {
      throw std::system_error(errno, std::generic_category(), "epoll_ctl");
    }
  }

  int fd_;
  std::array<epoll_event, 512> raw_;
};

}  // namespace

std::unique_ptr<Poller> make_epoll_poller() {
  return std::make_unique<EpollPoller>();
}

}  // namespace tornado::ioloop::detail

#endif
