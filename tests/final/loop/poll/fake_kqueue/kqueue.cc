// kqueue(2) over poll(2): as much as the poller uses, as the manual pages describe it.
#include <fcntl.h>
#include <poll.h>
#include <sys/event.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <map>
#include <mutex>
#include <vector>

namespace {

// One filter of a descriptor.
struct Filter {
  bool on = false;
  bool clear = false;      // EV_CLEAR: reported once for each change
  bool low_water = false;  // silent about data
  bool told = false;       // reported, and not changed since
};

struct Watched {
  Filter read;
  Filter write;
  dev_t device = 0;  // identifies the file: filters go when it is closed
  ino_t inode = 0;
};

struct Queue {
  std::map<int, Watched> watched;
  int next = 0;  // where the last full list ended
};

std::mutex mutex;  // queues of several threads; each is used by one
std::map<int, Queue> queues;

Queue& queue_of(int kq) {
  const std::lock_guard lock(mutex);
  return queues[kq];
}

bool same_file(int fd, const Watched& watched) {
  struct stat file{};
  return ::fstat(fd, &file) == 0 && file.st_dev == watched.device && file.st_ino == watched.inode;
}

void forget_closed(Queue& queue) {
  std::erase_if(queue.watched,
                [](const auto& entry) { return !same_file(entry.first, entry.second); });
}

int fail(int error) {
  errno = error;
  return -1;
}

int apply(Queue& queue, const struct kevent& change) {
  const int fd = static_cast<int>(change.ident);
  struct stat file{};
  if (::fstat(fd, &file) != 0) return fail(EBADF);
  forget_closed(queue);
  const bool reading = change.filter == EVFILT_READ;
  if ((change.flags & EV_DELETE) != 0) {
    const auto found = queue.watched.find(fd);
    if (found == queue.watched.end()) return fail(ENOENT);
    Filter& filter = reading ? found->second.read : found->second.write;
    if (!filter.on) return fail(ENOENT);
    filter = {};
    if (!found->second.read.on && !found->second.write.on) queue.watched.erase(found);
    return 0;
  }
  Watched& watched = queue.watched[fd];
  watched.device = file.st_dev;
  watched.inode = file.st_ino;
  Filter& filter = reading ? watched.read : watched.write;
  // EV_CLEAR counts only when a filter is new. fflags may change later.
  if (!filter.on) filter.clear = (change.flags & EV_CLEAR) != 0;
  filter.on = true;
  filter.low_water = (change.fflags & NOTE_LOWAT) != 0;
  return 0;
}

short wanted(const Watched& watched) {
  int events = 0;
  if (watched.read.on && !watched.read.told) {
    events |= POLLRDHUP | (watched.read.low_water ? 0 : POLLIN);
  }
  if (watched.write.on && !watched.write.told) events |= POLLOUT;
  return static_cast<short>(events);
}

bool report(Filter& filter, struct kevent& event, int fd, int which, bool end, bool error) {
  event = {};
  event.ident = static_cast<uintptr_t>(fd);
  event.filter = static_cast<decltype(event.filter)>(which);
  if (end) event.flags = static_cast<decltype(event.flags)>(EV_EOF);
  // The real kqueue reports the socket's error. Reading it here would clear it.
  if (error) event.fflags = ECONNRESET;
  filter.told = filter.clear;
  return true;
}

// Translates poll()'s events for a descriptor. Returns how many there are, at most two.
int translate(const pollfd& polled, Watched& watched, struct kevent* events, int room) {
  constexpr int kGone = POLLHUP | POLLERR;
  int count = 0;
  const bool error = (polled.revents & POLLERR) != 0;
  const bool read_end = (polled.revents & (POLLRDHUP | kGone)) != 0;
  const bool data = (polled.revents & POLLIN) != 0 && !watched.read.low_water;
  if (watched.read.on && !watched.read.told && (data || read_end) && count < room) {
    int waiting = 0;
    ::ioctl(polled.fd, FIONREAD, &waiting);
    report(watched.read, events[count], polled.fd, EVFILT_READ, read_end, error);
    events[count++].data = waiting;
  }
  if (watched.write.on && !watched.write.told && (polled.revents & (POLLOUT | kGone)) != 0 &&
      count < room) {
    report(watched.write, events[count++], polled.fd, EVFILT_WRITE, (polled.revents & kGone) != 0,
           error);
  }
  return count;
}

int collect(Queue& queue, std::vector<pollfd>& polled, struct kevent* events, int room) {
  // Begins after the last one reported, so that low numbers do not starve high ones.
  std::size_t start = 0;
  while (start < polled.size() && polled[start].fd < queue.next) ++start;
  int count = 0;
  for (std::size_t i = 0; i < polled.size() && count < room; ++i) {
    const pollfd& one = polled[(start + i) % polled.size()];
    if (one.revents == 0 || (one.revents & POLLNVAL) != 0) continue;
    count += translate(one, queue.watched[one.fd], events + count, room - count);
    queue.next = one.fd + 1;
  }
  if (count < room) queue.next = 0;
  return count;
}

}  // namespace

int kqueue() {
  const int kq = ::eventfd(0, 0);
  if (kq < 0) return -1;
  const std::lock_guard lock(mutex);
  queues[kq] = {};
  return kq;
}

int kevent(int kq, const struct kevent* changelist, kevent_count nchanges, struct kevent* eventlist,
           kevent_count nevents, const struct timespec* timeout) {
  using std::chrono::milliseconds;
  using std::chrono::steady_clock;
  Queue& queue = queue_of(kq);
  for (kevent_count i = 0; i < nchanges; ++i) {
    if (apply(queue, changelist[i]) != 0) return -1;
  }
  if (nevents == 0) return 0;
  const long limit = timeout == nullptr ? -1 : timeout->tv_sec * 1000 + timeout->tv_nsec / 1000000;
  const auto end = steady_clock::now() + milliseconds(limit);
  for (;;) {
    forget_closed(queue);
    std::vector<pollfd> polled;
    for (const auto& [fd, watched] : queue.watched) {
      if (wanted(watched) != 0) polled.push_back({fd, wanted(watched), 0});
    }
    const auto left = std::chrono::ceil<milliseconds>(end - steady_clock::now()).count();
    const int wait = limit < 0 ? -1 : static_cast<int>(left > 0 ? left : 0);
    if (::poll(polled.data(), polled.size(), wait) < 0) return -1;
    const int count = collect(queue, polled, eventlist, static_cast<int>(nevents));
    if (count > 0 || wait == 0) return count;
  }
}
