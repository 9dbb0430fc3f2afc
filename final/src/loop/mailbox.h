// Internal header: the one thread-safe way into a loop.
#pragma once

#include <tornado/concurrent.h>
#include <tornado/core/pointers.h>
#include <tornado/core/run_queue.h>

#include <atomic>
#include <mutex>

namespace tornado::ioloop::detail {

// Where other threads leave work for a loop. Shared by the loop and by everything that may outlive
// it. Once closed, it discards what is posted.
class Mailbox final : public core::ThreadSafeCounted {
 public:
  Mailbox();
  ~Mailbox() override;

  // Any thread. Queues `item` and wakes the loop; discards it if the loop is closed.
  void post(core::Runnable& item);

  // Any thread, and signal handlers.
  void wake() noexcept;

  // The loop's thread. Appends what was posted to `queue`.
  void collect(core::RunQueue& queue);
  bool has_mail() const noexcept { return mail_.load(std::memory_order_acquire); }

  // The loop's thread. Moves the contents to `rest`; later posts are discarded.
  void close(core::RunQueue& rest);

  // Returns a descriptor that becomes readable when the loop is woken.
  int fd() const noexcept { return fd_; }
  void drain() noexcept;

  // Binds `job` to the loop that `mailbox` belongs to.
  static void attach(concurrent::detail::Job& job, const core::Ref<Mailbox>& mailbox);
  // Any thread. Posts a job that has run back to its loop.
  static void send_home(core::Owned<concurrent::detail::Job> job);

 private:
  std::mutex mutex_;
  core::RunQueue items_;            // guarded by mutex_
  bool closed_ = false;             // guarded by mutex_
  std::atomic<bool> mail_ = false;  // items_ has something: read without the lock, once a round
  int fd_;
};

}  // namespace tornado::ioloop::detail
