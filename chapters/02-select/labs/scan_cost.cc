// Measures the cost of finding the one readable descriptor among N, when the others are idle: with
// select, and with poll, which takes an array instead of bits.
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "01-blocking-server/socket.h"
#include "02-select/selection.h"

namespace {

using Descriptors = std::vector<mini::Socket>;  // eventfds; the last one is readable

Descriptors make(int count) {
  Descriptors all;
  for (int i = 1; i <= count; ++i) all.emplace_back(::eventfd(i == count ? 1 : 0, 0));
  return all;
}

// [measured]
bool ask_select(const Descriptors& all) {
  mini::Selection selection;  // each round names all descriptors again
  for (const mini::Socket& one : all) selection.watch_read(one.fd());
  selection.wait(std::chrono::microseconds(0));
  return std::any_of(all.begin(), all.end(),
                     [&](const mini::Socket& one) { return selection.can_read(one.fd()); });
}

bool ask_poll(const Descriptors& all) {
  std::vector<pollfd> question;
  for (const mini::Socket& one : all) question.push_back({one.fd(), POLLIN, 0});
  ::poll(question.data(), question.size(), 0);
  return std::any_of(question.begin(), question.end(),
                     [](const pollfd& one) { return (one.revents & POLLIN) != 0; });
}
// [/measured]

// Returns the microseconds of the fastest of many calls: the others were disturbed.
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
  const double by_poll = fastest([&] { return ask_poll(all); });
  if (mini::Selection::fits(all.back().fd())) {
    const double by_select = fastest([&] { return ask_select(all); });
    std::printf("%5d descriptors: select %6.2f us, poll %6.2f us\n", count, by_select, by_poll);
  } else {
    std::printf("%5d descriptors: select cannot, poll %6.2f us\n", count, by_poll);
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
