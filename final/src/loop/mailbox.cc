#include "loop/mailbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace tornado::ioloop::detail {

Mailbox::Mailbox() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

Mailbox::~Mailbox() {
  ::close(fd_);
}

// [post]
void Mailbox::post(core::Runnable& item) {
  {
    const std::lock_guard lock(mutex_);
    if (!closed_) {
      items_.push_back(item);
      // One write wakes the loop for everything that is posted until it looks.
      if (!mail_.exchange(true, std::memory_order_release)) wake();
      return;
    }
  }
  item.discard();
}
// [/post]

void Mailbox::wake() noexcept {
  const int saved = errno;  // a signal handler must leave it as it was
  const std::uint64_t one = 1;
  // Fails only if the counter is full, and then the loop is awake anyway.
  [[maybe_unused]] const ssize_t written = ::write(fd_, &one, sizeof one);
  errno = saved;
}

void Mailbox::collect(core::RunQueue& queue) {
  const std::lock_guard lock(mutex_);
  queue.splice_back(items_);
  mail_.store(false, std::memory_order_relaxed);
}

void Mailbox::close(core::RunQueue& rest) {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  rest.splice_back(items_);
}

void Mailbox::drain() noexcept {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = ::read(fd_, &count, sizeof count);
}

void Mailbox::attach(concurrent::detail::Job& job, const core::Ref<Mailbox>& mailbox) {
  job.mailbox_ = mailbox;
}

void Mailbox::send_home(core::Owned<concurrent::detail::Job> job) {
  // The mailbox must outlive the post, because the loop may run and free the job at once.
  const core::Ref<Mailbox> mailbox = job->mailbox_;
  mailbox->post(*job.release());
}

}  // namespace tornado::ioloop::detail
