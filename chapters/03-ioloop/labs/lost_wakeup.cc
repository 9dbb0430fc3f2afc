// Another thread adds a callback at the worst moment: the loop has found its queue empty and is not
// asleep yet. How long until the callback runs?
#include <poll.h>
#include <sys/eventfd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <thread>

#include "01-blocking-server/socket.h"

namespace {

// [queue]
// Half a loop: a queue, and a sleep of at most a second.
struct Queue {
  void add(bool only_if_asleep) {
    {
      const std::lock_guard lock(mutex);
      ++callbacks;
    }
    if (!only_if_asleep || asleep) ::eventfd_write(event.fd(), 1);
  }
  bool empty() {
    const std::lock_guard lock(mutex);
    return callbacks == 0;
  }
  void sleep() {
    asleep = true;
    pollfd one{event.fd(), POLLIN, 0};
    ::poll(&one, 1, 1000);
    asleep = false;
  }

  std::mutex mutex;
  int callbacks = 0;
  std::atomic<bool> asleep = false;
  mini::Socket event{::eventfd(0, EFD_NONBLOCK)};
};
// [/queue]

// [moment]
void add_in_the_worst_moment(const char* name, bool only_if_asleep) {
  Queue queue;
  const auto start = std::chrono::steady_clock::now();
  if (queue.empty()) {
    std::thread([&] { queue.add(only_if_asleep); }).join();  // now, of all moments
    queue.sleep();
  }
  const std::chrono::duration<double> slept = std::chrono::steady_clock::now() - start;
  std::printf("%s: %d callback waits, the loop wakes after %.2f s\n", name, queue.callbacks,
              slept.count());
}
// [/moment]

}  // namespace

int main() {
  add_in_the_worst_moment("wake it if it sleeps", true);
  add_in_the_worst_moment("always wake it", false);
}
