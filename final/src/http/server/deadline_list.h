// Internal header. Timeouts of equal length for many connections, with one timer for all of them.
#pragma once

#include <tornado/core/run_queue.h>
#include <tornado/ioloop.h>

namespace tornado::http {

// Something that a DeadlineList watches. Belongs to at most one list.
class Deadline : public core::ListHook {
 public:
  virtual ~Deadline() = default;
  // Called once, when the time is up; the object is no longer in a list.
  virtual void expired() = 0;

 private:
  friend class DeadlineList;
  double at_ = 0;
  const void* list_ = nullptr;  // the last one it was in
};

// All entries wait equally long, so the first to arrive is the first to expire: a list in order of
// arrival needs no heap, and moving a connection to its end costs a few stores. The timer is moved
// only when it fires.
class DeadlineList {
 public:
  // With `seconds` of 0 or less, nothing ever expires. Otherwise entries expire up to `slack`
  // seconds late.
  DeadlineList(ioloop::IOLoop& loop, double seconds, double slack = 0)
      : loop_(loop), seconds_(seconds), slack_(slack) {}
  DeadlineList(const DeadlineList&) = delete;
  DeadlineList& operator=(const DeadlineList&) = delete;
  ~DeadlineList() {
    // A closed loop has no pending timer, so it is not touched.
    if (timer_.pending()) loop_.remove_timeout(timer_);
  }

  bool on() const noexcept { return seconds_ > 0; }
  // Returns when `deadline`, which is in this list, was last started, or up to the slack later.
  double started(const Deadline& deadline) const noexcept { return deadline.at_ - seconds_; }
  // Returns the entry that has waited longest; null if the list is empty.
  Deadline* first() const noexcept {
    return list_.linked() ? static_cast<Deadline*>(list_.next()) : nullptr;
  }
  // Restarts the time of `deadline` at `now`. Within the slack of its last start it keeps its
  // place: a busy connection then does not touch its neighbours' memory.
  void start(Deadline& deadline, double now);

 private:
  void arm(double at);
  void sweep();

  ioloop::IOLoop& loop_;
  const double seconds_;
  const double slack_;
  core::ListHook list_;
  ioloop::Timeout timer_;
};

}  // namespace tornado::http
