// One question for the kernel: which of these descriptors are ready?
#pragma once

#include <sys/select.h>

#include <chrono>
#include <optional>

namespace mini {

// [selection]
// One call of select(). It overwrites the question with the answer, so use a Selection once, and
// make a new one for each round of the server.
class Selection {
 public:
  // Returns whether this descriptor fits into the question: an fd_set is an array of FD_SETSIZE
  // bits, one for each number.
  static bool fits(int fd) { return fd >= 0 && fd < FD_SETSIZE; }

  Selection();

  // Adds "could this be read (written) without blocking?" to the question. Throws std::out_of_range
  // if the descriptor does not fit.
  void watch_read(int fd);
  void watch_write(int fd);

  // Sleeps until a descriptor is ready or `timeout` has passed; without a timeout, for as long as
  // it takes. A signal may end the sleep early: then nothing is ready.
  void wait(std::optional<std::chrono::microseconds> timeout);

  // Returns the answer; call after wait(). False for a descriptor that was not watched.
  bool can_read(int fd) const;
  bool can_write(int fd) const;

 private:
  fd_set readable_;
  fd_set writable_;
  int highest_ = -1;
};
// [/selection]

}  // namespace mini
