// Signals, read from a descriptor.
#pragma once

#include <csignal>
#include <vector>

#include "01-blocking-server/socket.h"

namespace mini {

// [signals]
// A descriptor that becomes readable when a watched signal arrives. Watched signals are blocked on
// this thread, so that they have no other effect, and on the threads it starts afterwards: watch
// signals before starting threads. The destructor restores the signal mask.
class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // Throws std::invalid_argument for a signal that cannot be caught.
  void watch(int signal_number);
  // Returns the signals that have arrived since the last call. Two of the same kind count as one:
  // the kernel keeps no more.
  std::vector<int> read();
  int fd() const { return event_.fd(); }

 private:
  Socket event_;  // a signalfd; Socket owns any descriptor
  sigset_t watched_;
  sigset_t before_;
};
// [/signals]

}  // namespace mini
