// Who frees a coroutine that nobody will ever resume: its loop.
#pragma once

#include <coroutine>
#include <cstddef>
#include <set>

#include "01-blocking-server/socket.h"
#include "03-ioloop/ioloop.h"

namespace mini {

// [frames]
// The suspended coroutines of a loop. A frame is resumed by the callback of the future that it
// awaits. If that never comes, because the loop is destroyed first, somebody must free the frame:
// this does, and the loop owns it.
class SuspendedFrames {
 public:
  static SuspendedFrames& of(IOLoop& loop);
  ~SuspendedFrames();
  SuspendedFrames(const SuspendedFrames&) = delete;
  SuspendedFrames& operator=(const SuspendedFrames&) = delete;

  void insert(std::coroutine_handle<> frame) { frames_.insert(frame.address()); }
  void resume(std::coroutine_handle<> frame) {
    frames_.erase(frame.address());
    frame.resume();
  }
  std::size_t size() const { return frames_.size(); }

 private:
  explicit SuspendedFrames(IOLoop& loop);

  IOLoop& loop_;
  Socket event_;  // never happens: it gives the loop something to own us by
  std::set<void*> frames_;
};
// [/frames]

}  // namespace mini
