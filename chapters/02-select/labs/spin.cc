// The obvious use of a non-blocking socket: ask it until it has something. Here there is one
// client, which is silent for a second.
#include <sys/socket.h>
#include <time.h>

#include <array>
#include <chrono>
#include <cstdio>

#include "02-select/nonblocking.h"
#include "02-select/selection.h"

namespace {

// [spin]
long spin(mini::Socket& client, std::chrono::steady_clock::time_point end) {
  long asked = 0;
  std::array<char, 4096> piece;
  while (std::chrono::steady_clock::now() < end) {
    if (mini::if_ready([&] { return client.read(piece.data(), piece.size()); })) break;
    ++asked;
  }
  return asked;
}
// [/spin]

double processor_time() {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

void sleep(const mini::Socket& client) {
  mini::Selection selection;
  selection.watch_read(client.fd());
  selection.wait(std::chrono::seconds(1));
}

mini::Socket make_silent_client() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) != 0) std::perror("socketpair");
  static const mini::Socket other_end(ends[1]);
  return mini::Socket(ends[0]);
}

}  // namespace

int main() {
  mini::Socket client = make_silent_client();
  mini::make_nonblocking(client);
  const double start = processor_time();
  const long asked = spin(client, std::chrono::steady_clock::now() + std::chrono::seconds(1));
  const double spun = processor_time();
  std::printf("asked again and again: %.2f million times, %.2f s of processor time\n",
              static_cast<double>(asked) / 1e6, spun - start);
  sleep(client);
  std::printf("asked once, by select: %.2f s of processor time\n", processor_time() - spun);
}
