// Internal header. Timeouts of equal length for many connections, with one timer for all of them.
#pragma once

#include <tornado/core/run_queue.h>
#include <tornado/ioloop.h>

namespace tornado::http {

// Something that a DeadlineList watches. Stands in at most one list.
class Deadline : public core::ListHook {
 public:
  virtual ~Deadline() = default;
  // The time is up. Called once; the object stands in no list any more.
  virtual void expired() = 0;

 private:
  friend class DeadlineList;
  double at_ = 0;
  const void* list_ = nullptr;  // the last it stood in
};

// As all wait equally long, the first to come is the first to expire: a list in order of arrival
// needs no heap, and putting a connection at its end costs a few stores. The timer is only moved
// when it fires.
class DeadlineList {
 public:
  // `seconds` 0 or less: nothing ever expires. Otherwise things expire up to `slack` seconds late.
  DeadlineList(ioloop::IOLoop& loop, double seconds, double slack = 0)
      : loop_(loop), seconds_(seconds), slack_(slack) {}
  DeadlineList(const DeadlineList&) = delete;
  DeadlineList& operator=(const DeadlineList&) = delete;
  ~DeadlineList() {
    // No timer is pending on a loop that is closed, so it is not touched then.
    if (timer_.pending()) loop_.remove_timeout(timer_);
  }

  bool on() const noexcept { return seconds_ > 0; }
  // When the time of `deadline`, which stands here, was last started, or up to the slack later.
  double started(const Deadline& deadline) const noexcept { return deadline.at_ - seconds_; }
  // What has waited longest; null: nothing waits.
  Deadline* first() const noexcept {
    return list_.linked() ? static_cast<Deadline*>(list_.next()) : nullptr;
  }
  // Starts the time of `deadline` anew, from `now`. Within the slack of the last start it stays
  // where it is: a busy connection then touches no neighbour's memory.
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
