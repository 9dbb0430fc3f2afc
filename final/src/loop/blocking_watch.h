// Internal header: notices when an iteration of a loop takes too long.
#pragma once

#include <time.h>

#include <cstddef>

namespace tornado::ioloop::detail {

// Times the iterations of a loop, on the loop's thread only. Stopped while the loop waits in its
// poller. While one exists, the process's SIGALRM belongs to it.
class BlockingWatch {
 public:
  using Action = void (*)(int signal);

  // For the arguments and errors see IOLoop::set_blocking_signal_threshold.
  BlockingWatch(double seconds, Action action);
  BlockingWatch(const BlockingWatch&) = delete;
  BlockingWatch& operator=(const BlockingWatch&) = delete;
  ~BlockingWatch();

  // Starts timing an iteration, on the calling thread.
  void begin();
  // Stops timing: the iteration has ended, in time or late.
  void end() noexcept;
  // Called when the loop leaves this thread.
  void leave() noexcept;

  // Called in the signal handler.
  void fire() const noexcept;
  // Returns text such as "0.5", for log_stack(). Lives as long as this object.
  const char* seconds_text() const noexcept { return seconds_text_; }

 private:
  void set_timer(const timespec& delay) noexcept;

  timespec seconds_{};
  const Action action_;
  timer_t timer_{};
  bool has_timer_ = false;
  char seconds_text_[32] = {};
};

}  // namespace tornado::ioloop::detail
