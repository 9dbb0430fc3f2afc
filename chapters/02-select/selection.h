// One question to the kernel: which of these descriptors are ready?
#pragma once

#include <sys/select.h>

#include <chrono>
#include <optional>

namespace mini {

// [selection]
// select writes its answer over the question, so a Selection is asked once: make a new one for each
// round of the server.
class Selection {
 public:
  // Whether the question can name this descriptor: an fd_set is an array of FD_SETSIZE bits, and
  // has no room for a larger number.
  static bool fits(int fd) { return fd >= 0 && fd < FD_SETSIZE; }

  Selection();

  // Asks whether a call would not wait. Throws std::out_of_range if the descriptor does not fit.
  void watch_read(int fd);
  void watch_write(int fd);

  // Sleeps until one of them is ready, or the time is over; no time means for as long as it takes.
  // A signal may end the sleep: then nothing is ready.
  void wait(std::optional<std::chrono::microseconds> timeout);

  // The answer, after wait(). False for what was not watched.
  bool can_read(int fd) const;
  bool can_write(int fd) const;

 private:
  fd_set readable_;
  fd_set writable_;
  int highest_ = -1;
};
// [/selection]

}  // namespace mini
