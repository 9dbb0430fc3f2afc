// Two connections become readable in one batch. The handler of the first closes the second and
// opens a new one, which gets the descriptor number that has just become free. Once on a loop that
// looks handlers up by number alone, and once on ours.
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <map>
#include <utility>

#include "01-blocking-server/socket.h"
#include "03-ioloop/ioloop.h"

namespace {

using Handler = std::function<void(int, std::uint32_t)>;

std::pair<mini::Socket, mini::Socket> make_pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) != 0) std::perror("socketpair");
  return {mini::Socket(ends[0]), mini::Socket(ends[1])};
}

// [naive]
class NaiveLoop {
 public:
  void add_handler(int fd, const Handler& handler, std::uint32_t events) {
    handlers_[fd] = handler;
    epoll_event event{.events = events, .data = {.fd = fd}};
    ::epoll_ctl(epoll_.fd(), EPOLL_CTL_ADD, fd, &event);
  }
  void remove_handler(int fd) {
    handlers_.erase(fd);
    ::epoll_ctl(epoll_.fd(), EPOLL_CTL_DEL, fd, nullptr);
  }
  void run_once() {
    std::array<epoll_event, 16> events;
    const int count = ::epoll_wait(epoll_.fd(), events.data(), 16, 100);
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
      const auto found = handlers_.find(events[i].data.fd);
      if (found != handlers_.end()) Handler(found->second)(events[i].data.fd, events[i].events);
    }
  }
  // [/naive]

 private:
  mini::Socket epoll_{::epoll_create1(0)};
  std::map<int, Handler> handlers_;
};

template <class Loop, class Run>
void replace_in_one_batch(const char* name, Loop& loop, Run run) {
  auto [first, far_first] = make_pair();
  auto [second, far_second] = make_pair();
  std::pair<mini::Socket, mini::Socket> fresh;
  bool stale = false;
  // [replace]
  const auto replace = [&](mini::Socket& other) {
    loop.remove_handler(first.fd());
    loop.remove_handler(second.fd());
    other.close();
    fresh = make_pair();  // reuses the lowest free number; nobody has written to it
    loop.add_handler(fresh.first.fd(), [&stale](int, std::uint32_t) { stale = true; }, EPOLLIN);
  };
  // [/replace]
  loop.add_handler(first.fd(), [&](int, std::uint32_t) { replace(second); }, EPOLLIN);
  loop.add_handler(second.fd(), [&](int, std::uint32_t) { replace(first); }, EPOLLIN);
  far_first.write("x");
  far_second.write("x");
  run();
  std::printf("%s: the new connection received %s\n", name,
              stale ? "an event that is not its own" : "nothing");
}

}  // namespace

int main() {
  NaiveLoop naive;
  replace_in_one_batch("by number alone", naive, [&] { naive.run_once(); });
  mini::IOLoop loop;
  replace_in_one_batch("mini::IOLoop", loop, [&] {
    loop.call_later(0.1, [&] { loop.stop(); });
    loop.start();
  });
}
