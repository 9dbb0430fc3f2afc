// The question of chapter 02, asked by poll.
#pragma once

#include <poll.h>

#include <chrono>
#include <optional>
#include <vector>

// As mini::Selection, but for any descriptor, however large its number. One question each.
class PollSelection {
 public:
  // Asks whether a call would not wait. The same descriptor may be watched for both.
  void watch_read(int fd);
  void watch_write(int fd);

  // Sleeps until one of them is ready, or all of the time is over; no time means for as long as it
  // takes, a time that is over already means no sleep. A signal may end the sleep: then nothing is
  // ready. Throws std::system_error with EBADF if one of them is not open, as select does.
  void wait(std::optional<std::chrono::microseconds> timeout);

  // The answer, after wait(). False for what was not watched. As with select, one can read who has
  // something to read, who has left, and who is broken; one can write who has room or is broken.
  bool can_read(int fd) const;
  bool can_write(int fd) const;

 private:
  std::vector<pollfd> question_;
};
