// What it costs to be told that one of N descriptors is readable: by select, and by epoll.
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/select.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "01-blocking-server/socket.h"

namespace {

using Descriptors = std::vector<mini::Socket>;  // eventfds; the last one is readable

Descriptors make(int count) {
  Descriptors all;
  for (int i = 1; i <= count; ++i) all.emplace_back(::eventfd(i == count ? 1 : 0, 0));
  return all;
}

// [measured]
bool ask_select(const Descriptors& all) {
  fd_set readable;  // what is watched is told anew in each call
  FD_ZERO(&readable);
  for (const mini::Socket& one : all) FD_SET(one.fd(), &readable);
  timeval at_once{};
  return ::select(all.back().fd() + 1, &readable, nullptr, nullptr, &at_once) == 1;
}

bool ask_epoll(const mini::Socket& epoll) {
  epoll_event event{};  // what is watched is known to the kernel
  return ::epoll_wait(epoll.fd(), &event, 1, 0) == 1;
}
// [/measured]

mini::Socket watch_with_epoll(const Descriptors& all) {
  mini::Socket epoll(::epoll_create1(0));
  for (const mini::Socket& one : all) {
    epoll_event event{};
    event.events = EPOLLIN;
    ::epoll_ctl(epoll.fd(), EPOLL_CTL_ADD, one.fd(), &event);
  }
  return epoll;
}

// Microseconds, the fastest of many: the others were disturbed.
template <class Ask>
double fastest(Ask ask) {
  double best = 1e9;
  for (int i = 0; i < 300; ++i) {
    const auto start = std::chrono::steady_clock::now();
    if (!ask()) std::printf("nothing was readable\n");
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
    best = std::min(best, took.count());
  }
  return best;
}

void measure(int count) {
  const Descriptors all = make(count);
  const mini::Socket epoll = watch_with_epoll(all);
  const double with_epoll = fastest([&] { return ask_epoll(epoll); });
  if (all.back().fd() < FD_SETSIZE) {
    const double with_select = fastest([&] { return ask_select(all); });
    std::printf("%5d descriptors: select %5.2f us, epoll %.2f us\n", count, with_select,
                with_epoll);
  } else {
    std::printf("%5d descriptors: no select beyond %d, epoll %.2f us\n", count, FD_SETSIZE - 1,
                with_epoll);
  }
}

}  // namespace

int main() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  for (const int count : {10, 100, 1000, 4000}) measure(count);
}
