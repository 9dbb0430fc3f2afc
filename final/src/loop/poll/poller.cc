#include "loop/poll/poller.h"

#include <pthread.h>

#include <atomic>
#include <stdexcept>
#include <string>

namespace tornado::ioloop::detail {
namespace {

// The number of forks from which this process has come out as the child.
std::atomic<unsigned> forks = 0;

unsigned count_forks() {
  static const int watching = ::pthread_atfork(nullptr, nullptr, [] { ++forks; });
  static_cast<void>(watching);  // fails only without memory; then forks go undetected
  return forks;
}

}  // namespace

Poller::Poller() : generation_(count_forks()) {}

bool Poller::is_forked() const noexcept {
  return generation_ != forks.load(std::memory_order_relaxed);
}

void Poller::refuse_if_forked() const {
  if (is_forked()) {
    throw std::runtime_error("this IOLoop was made before a fork; make loops in the new process");
  }
}

namespace {

struct Kind {
  std::string_view name;
  std::unique_ptr<Poller> (*make)();
};

// The kinds available here, best first.
constexpr Kind kKinds[] = {
#if __has_include(<sys/event.h>)
    {"kqueue", make_kqueue_poller},
#elif __has_include(<sys/epoll.h>)
    {"epoll", make_epoll_poller},
#endif
    {"poll", make_poll_poller},
};

}  // namespace

std::unique_ptr<Poller> make_poller(std::string_view name) {
  std::string names;
  for (const Kind& kind : kKinds) {
    if (name.empty() || name == kind.name) return kind.make();
    names += " " + std::string(kind.name);
  }
  throw std::invalid_argument("unknown poller '" + std::string(name) + "'; there are:" + names);
}

}  // namespace tornado::ioloop::detail
