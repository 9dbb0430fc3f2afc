#include "08-coroutines/suspended_frames.h"

#include <map>
#include <memory>

namespace mini {
namespace {

thread_local std::map<IOLoop*, SuspendedFrames*> frames_of_loops;

}  // namespace

// [of]
SuspendedFrames& SuspendedFrames::of(IOLoop& loop) {
  const auto found = frames_of_loops.find(&loop);
  if (found != frames_of_loops.end()) return *found->second;
  const std::shared_ptr<SuspendedFrames> made(new SuspendedFrames(loop));
  loop.keep(made);
  frames_of_loops[&loop] = made.get();
  return *made;
}
// [/of]

// [destroy]
SuspendedFrames::~SuspendedFrames() {
  frames_of_loops.erase(&loop_);
  while (!frames_.empty()) {
    void* const frame = *frames_.begin();
    frames_.erase(frames_.begin());
    // Destroys the variables that are alive at the wait, as if the function had returned there.
    std::coroutine_handle<>::from_address(frame).destroy();
  }
}
// [/destroy]

}  // namespace mini
