// Wakes a loop that sleeps in epoll_wait.
#pragma once

#include "01-blocking-server/socket.h"

namespace mini {

// [waker]
// A descriptor that becomes readable when wake() is called and stays so until drain(). It does not
// matter whether the loop sleeps already, or is about to: a wake-up cannot come too early.
class Waker {
 public:
  Waker();
  // May be called from any thread.
  void wake();
  void drain();
  int fd() const { return event_.fd(); }

 private:
  Socket event_;  // an eventfd; Socket owns any descriptor
};
// [/waker]

}  // namespace mini
