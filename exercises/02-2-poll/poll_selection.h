// Chapter 02's question, asked with poll.
#pragma once

#include <poll.h>

#include <chrono>
#include <optional>
#include <vector>

// Like mini::Selection, but for descriptors of any number. Use each object once.
class PollSelection {
 public:
  // Adds "could this be read (written) without blocking?" to the question. The same descriptor may
  // be watched for both.
  void watch_read(int fd);
  void watch_write(int fd);

  // Sleeps until a descriptor is ready or all of `timeout` has passed. Without a timeout, sleeps
  // for as long as it takes; with one of 0 or less, does not sleep. A signal may end the sleep
  // early: then nothing is ready. Throws std::system_error with EBADF if a descriptor is not open,
  // as select does.
  void wait(std::optional<std::chrono::microseconds> timeout);

  // Returns the answer; call after wait(). False for a descriptor that was not watched. As with
  // select, a descriptor can be read if it has bytes, if the other side has left, or if the
  // connection is broken; it can be written if it has room, or if the connection is broken.
  bool can_read(int fd) const;
  bool can_write(int fd) const;

 private:
  std::vector<pollfd> question_;
};
