// Six bytes arrive. The reader takes two of them each time epoll reports it readable: once
// level-triggered, once edge-triggered.
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>

#include "01-blocking-server/socket.h"

namespace {

// [read]
void read_two_at_a_time(const char* name, std::uint32_t trigger) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) != 0) return std::perror("socketpair");
  mini::Socket reader(ends[0]);
  mini::Socket writer(ends[1]);
  const mini::Socket epoll(::epoll_create1(0));
  epoll_event event{};
  event.events = EPOLLIN | trigger;
  ::epoll_ctl(epoll.fd(), EPOLL_CTL_ADD, reader.fd(), &event);

  writer.write("abcdef");
  std::printf("%s:", name);
  while (::epoll_wait(epoll.fd(), &event, 1, 100) == 1) {
    std::array<char, 2> two;
    const std::size_t size = reader.read(two.data(), two.size());
    std::printf(" %.*s", static_cast<int>(size), two.data());
  }
  std::printf(", then nothing in 100 ms\n");
}
// [/read]

}  // namespace

int main() {
  read_two_at_a_time("level-triggered", 0);
  read_two_at_a_time("edge-triggered", EPOLLET);
}
