#if __has_include(<sys/event.h>)

#include <fcntl.h>
#include <sys/event.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>  // must come before sys/event.h
#include <tornado/ioloop.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <system_error>
#include <vector>

#include "loop/poll/poller.h"

namespace tornado::ioloop::detail {
namespace {

// kqueue(2), as the manual pages of FreeBSD, OpenBSD, NetBSD and macOS describe it.
//
// It has not run on any of them yet. The tests run it on Linux, over an emulation of what those
// pages describe (tests/final/loop/poll/fake_kqueue).
//
// kqueue has two filters for a descriptor, read and write, where epoll has four events. That the
// peer has stopped sending is a flag of the read filter, so that filter is always present. While
// READ is not wanted, it must ignore data, which it would otherwise report again and again. So it
// gets a low-water mark that no data reaches, and, because only sockets have such a mark, it
// reports changes only (EV_CLEAR).
//
// Unlike epoll, it does not notice that a pipe's reader has gone unless WRITE is asked for, and it
// reports kHangup without READ only once.
class KqueuePoller final : public Poller {
 public:
  KqueuePoller() : fd_(::kqueue()) {
    if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "kqueue");
    ::fcntl(fd_, F_SETFD, FD_CLOEXEC);
  }
  ~KqueuePoller() override {
    // A forked process does not inherit the queue, so the number belongs to another file there.
    if (!is_forked()) ::close(fd_);
  }

  std::string_view name() const noexcept override { return "kqueue"; }

  void add(int fd, std::uint32_t events, std::uint64_t tag) override {
    refuse_if_forked();
    Watch watch;
    watch.socket = is_socket(fd);
    try {
      set(fd, watch, events, tag);
    } catch (...) {
      drop(fd, watch);
      throw;
    }
    // The descriptor exists, so make room for it.
    const auto place = static_cast<std::size_t>(fd);
    if (place >= watches_.size()) watches_.resize(std::max(place + 1, watches_.size() * 2));
    watches_[place] = watch;
  }

  void modify(int fd, std::uint32_t events, std::uint64_t tag) override {
    refuse_if_forked();
    set(fd, watch_of(fd), events, tag);
  }

  void remove(int fd) noexcept override {
    if (is_forked()) return;
    drop(fd, watch_of(fd));
    watch_of(fd) = {};
  }

  int wait(PollEvent* events, int capacity, int timeout_ms) override;

 private:
  enum class Reading : std::uint8_t {
    kNone,
    kEnd,  // silent about data
    kData,
  };

  struct Watch {
    std::uint64_t tag = 0;
    std::uint32_t events = 0;
    Reading reading = Reading::kNone;
    bool writing = false;
    bool socket = false;
    // The position of its event in the batch it was last part of.
    std::uint32_t batch = 0;
    int place = 0;
  };

  Watch& watch_of(int fd) noexcept { return watches_[static_cast<std::size_t>(fd)]; }

  // Changes one filter. On failure returns false and sets errno.
  bool change(int fd, int filter, int flags, unsigned filter_flags = 0, int data = 0) noexcept {
    struct kevent entry = {};
    entry.ident = static_cast<decltype(entry.ident)>(fd);
    entry.filter = static_cast<decltype(entry.filter)>(filter);
    entry.flags = static_cast<decltype(entry.flags)>(flags);
    entry.fflags = filter_flags;
    entry.data = data;
    return ::kevent(fd_, &entry, 1, nullptr, 0, nullptr) >= 0;
  }
  static void require(bool done) {
    if (!done) throw std::system_error(errno, std::generic_category(), "kevent");
  }

  void set(int fd, Watch& watch, std::uint32_t events, std::uint64_t tag);
  void drop(int fd, const Watch& watch) noexcept {
    if (watch.reading != Reading::kNone) change(fd, EVFILT_READ, EV_DELETE);
    if (watch.writing) change(fd, EVFILT_WRITE, EV_DELETE);
  }
  void read_for(int fd, Watch& watch, Reading reading);
  static bool is_socket(int fd) noexcept {
    struct stat file = {};
    return ::fstat(fd, &file) == 0 && S_ISSOCK(file.st_mode);
  }
  static std::uint32_t events_of(const struct kevent& event, const Watch& watch);

  int fd_;
  std::vector<Watch> watches_;  // by descriptor
  std::uint32_t batch_ = 0;
  std::array<struct kevent, 512> raw_;
};

void KqueuePoller::set(int fd, Watch& watch, std::uint32_t events, std::uint64_t tag) {
  // The end may have been reported when kHangup was not wanted. Adding the filter anew reports it
  // again.
  if (watch.reading == Reading::kEnd && (events & ~watch.events & kHangup) != 0) {
    read_for(fd, watch, Reading::kNone);
  }
  read_for(fd, watch, (events & IOLoop::READ) != 0 ? Reading::kData : Reading::kEnd);
  const bool writing = (events & IOLoop::WRITE) != 0;
  if (writing != watch.writing) {
    require(change(fd, EVFILT_WRITE, writing ? EV_ADD : EV_DELETE));
    watch.writing = writing;
  }
  watch.events = events;
  watch.tag = tag;
}

void KqueuePoller::read_for(int fd, Watch& watch, Reading reading) {
  if (reading == watch.reading) return;
  // Adding it again without this would keep its first flags.
  if (watch.reading != Reading::kNone) change(fd, EVFILT_READ, EV_DELETE);
  watch.reading = Reading::kNone;
  if (reading == Reading::kNone) return;
  if (reading == Reading::kData) {
    require(change(fd, EVFILT_READ, EV_ADD));
  } else if (!change(fd, EVFILT_READ, EV_ADD | EV_CLEAR, NOTE_LOWAT, INT_MAX)) {
    require(errno != EBADF);  // otherwise it cannot be read from, and so has no end
    return;
  }
  watch.reading = reading;
}

std::uint32_t KqueuePoller::events_of(const struct kevent& event, const Watch& watch) {
  const bool end = (event.flags & EV_EOF) != 0;
  if (event.filter == EVFILT_WRITE) {
    // The reader has gone, or the connection was refused.
    return IOLoop::WRITE | (end ? IOLoop::ERROR : IOLoop::NONE);
  }
  std::uint32_t events = watch.events & IOLoop::READ;
  if (!end) return events;
  events |= watch.events & kHangup;
  // The socket's error, or a pipe without a writer. A socket's peer may still read.
  if (event.fflags != 0 || !watch.socket) events |= IOLoop::ERROR;
  return events;
}

int KqueuePoller::wait(PollEvent* events, int capacity, int timeout_ms) {
  refuse_if_forked();
  timespec timeout{};
  timeout.tv_sec = timeout_ms / 1000;
  timeout.tv_nsec = timeout_ms % 1000 * 1'000'000L;
  const int room = std::min(capacity, static_cast<int>(raw_.size()));
  // The number of events is an int or, on NetBSD, a size_t.
  const int found = ::kevent(fd_, nullptr, 0, raw_.data(), static_cast<unsigned short>(room),
                             timeout_ms < 0 ? nullptr : &timeout);
  if (found < 0) {
    if (errno == EINTR) return 0;
    throw std::system_error(errno, std::generic_category(), "kevent");
  }
  ++batch_;
  int count = 0;
  for (int i = 0; i < found; ++i) {
    const struct kevent& event = raw_[static_cast<std::size_t>(i)];
    Watch& watch = watch_of(static_cast<int>(event.ident));
    const std::uint32_t happened = events_of(event, watch);
    if (happened == 0) continue;
    if (watch.batch != batch_) {  // the first filter of this descriptor
      watch.batch = batch_;
      watch.place = count;
      events[count++] = {watch.tag, 0};
    }
    events[watch.place].events |= happened;
  }
  return count;
}

}  // namespace

std::unique_ptr<Poller> make_kqueue_poller() {
  return std::make_unique<KqueuePoller>();
}

}  // namespace tornado::ioloop::detail

#endif
