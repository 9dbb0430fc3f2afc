// Signals as something to read.
#pragma once

#include <csignal>
#include <vector>

#include "01-blocking-server/socket.h"

namespace mini {

// [signals]
// A descriptor that becomes readable when one of the watched signals has come. They are blocked on
// this thread, so that nothing else happens to it, and on threads it starts from now on: watch a
// signal before you start threads. The destructor lets them act as before.
class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // Throws std::invalid_argument if no program can catch this signal.
  void watch(int signal_number);
  // The signals that have come since. Two of the same kind count as one: that is what the kernel
  // keeps.
  std::vector<int> read();
  int fd() const { return event_.fd(); }

 private:
  Socket event_;  // a signalfd; Socket owns any descriptor
  sigset_t watched_;
  sigset_t before_;
};
// [/signals]

}  // namespace mini
