// Wakes a loop that is blocked in epoll_wait.
#pragma once

#include "01-blocking-server/socket.h"

namespace mini {

// [waker]
// A descriptor that wake() makes readable, until drain(). The loop may be waiting already, or only
// be about to: a wake-up cannot come too early.
class Waker {
 public:
  Waker();
  // Callable from any thread.
  void wake();
  void drain();
  int fd() const { return event_.fd(); }

 private:
  Socket event_;  // an eventfd; Socket owns any descriptor
};
// [/waker]

}  // namespace mini
