// Frees the coroutines that nobody will ever resume, together with their loop.
#pragma once

#include <coroutine>
#include <cstddef>
#include <set>

#include "03-ioloop/ioloop.h"

namespace mini {

// [frames]
// The suspended coroutines of a loop. Normally the future that a coroutine awaits resumes its
// frame. If the loop is destroyed first, that never happens, so the destructor of this list frees
// the frame. The loop owns the list.
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
  explicit SuspendedFrames(IOLoop& loop) : loop_(loop) {}

  IOLoop& loop_;
  std::set<void*> frames_;
};
// [/frames]

}  // namespace mini
