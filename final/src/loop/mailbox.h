// Internal header: the one thread-safe way into a loop.
#pragma once

#include <tornado/concurrent.h>
#include <tornado/detail/run_queue.h>

#include <atomic>
#include <memory>
#include <mutex>

namespace tornado::ioloop::detail {

// Where other threads leave things for a loop. Shared by the loop and by all that may outlive it:
// once closed, what is posted is discarded.
class Mailbox {
 public:
  Mailbox();
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;
  ~Mailbox();

  // Any thread. Queues `item` and wakes the loop; discards it if the loop is closed.
  void post(tornado::detail::Runnable& item);

  // Any thread, and signal handlers.
  void wake() noexcept;

  // The loop's thread. Moves what was posted behind `queue`.
  void collect(tornado::detail::RunQueue& queue);
  bool has_mail() const noexcept { return mail_.load(std::memory_order_acquire); }

  // The loop's thread. What stands in the box goes to `rest`; what comes later is discarded.
  void close(tornado::detail::RunQueue& rest);

  // Becomes readable when woken.
  int fd() const noexcept { return fd_; }
  void drain() noexcept;

  // Binds `job` to the loop behind this box.
  static void attach(concurrent::detail::Job& job, std::shared_ptr<Mailbox> mailbox);
  // Any thread. Posts a job that has worked to its loop.
  static void send_home(std::unique_ptr<concurrent::detail::Job> job);

 private:
  std::mutex mutex_;
  tornado::detail::RunQueue items_;  // guarded by mutex_
  bool closed_ = false;              // guarded by mutex_
  std::atomic<bool> mail_ = false;   // something in items_: read without the lock, once a round
  int fd_;
};

}  // namespace tornado::ioloop::detail
