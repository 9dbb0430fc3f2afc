// Internal header: notices that a loop's iteration takes too long.
#pragma once

#include <time.h>

#include <cstddef>

namespace tornado::ioloop::detail {

// A timer of the loop's thread, which is stopped while the loop asks its poller. Used on that
// thread only. While one exists, SIGALRM is the process's for this purpose.
class BlockingWatch {
 public:
  using Action = void (*)(int signal);

  // For the arguments and errors see IOLoop::set_blocking_signal_threshold.
  BlockingWatch(double seconds, Action action);
  BlockingWatch(const BlockingWatch&) = delete;
  BlockingWatch& operator=(const BlockingWatch&) = delete;
  ~BlockingWatch();

  // The time of an iteration begins, on the thread that calls.
  void begin();
  // It has ended in good time, or late.
  void end() noexcept;
  // The loop has left this thread.
  void leave() noexcept;

  // In the signal handler.
  void fire() const noexcept;
  // "0.5", for log_stack. Lives as long as this does.
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
