#include "loop/poller.h"

#include <pthread.h>

#include <atomic>
#include <stdexcept>
#include <string>

namespace tornado::ioloop::detail {
namespace {

// How often this process has come out of a fork as the child.
std::atomic<unsigned> forks = 0;

unsigned count_forks() {
  static const int watching = ::pthread_atfork(nullptr, nullptr, [] { ++forks; });
  static_cast<void>(watching);  // fails only without memory; then a forked loop goes undetected
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

std::unique_ptr<Poller> make_poller(std::string_view name) {
  if (name.empty() || name == "epoll") return make_epoll_poller();
  if (name == "poll") return make_poll_poller();
  throw std::invalid_argument("no poller is called '" + std::string(name) +
                              "': there are epoll and poll");
}

}  // namespace tornado::ioloop::detail
