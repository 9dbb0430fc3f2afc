// Takes results from threads to the loop.
#pragma once

#include <tornado/ioloop.h>

#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>

// Must outlive the functions that were posted, and be destroyed on the loop's thread.
class Outbox {
 public:
  explicit Outbox(tornado::ioloop::IOLoop& loop) : loop_(loop) {}

  // Calls `deliver` on the loop, once. Functions run in the order in which they were posted. If one
  // throws, the loop logs the exception, and the others run all the same. However many wait, other
  // callbacks of the loop get their turn after kAtOnce of them. Any thread may call this, and so
  // may `deliver`.
  void post(std::function<void()> deliver);

  static constexpr std::size_t kAtOnce = 64;

 private:
  void wake();
  void drain();

  tornado::ioloop::IOLoop& loop_;
  std::mutex mutex_;  // guards waiting_
  std::deque<std::function<void()>> waiting_;
};
