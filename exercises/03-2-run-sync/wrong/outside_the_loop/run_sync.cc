#include "03-2-run-sync/run_sync.h"

#include <memory>

namespace {

// Shared with everything that may still call `done` later.
struct Call {
  void end() {
    if (ended) return;
    ended = true;
    loop.stop();
  }

  mini::IOLoop& loop;
  bool ended = false;  // loop.start() will return, or has returned
  bool done = false;
};

}  // namespace

void run_sync(mini::IOLoop& loop, const std::function<void(mini::Callback done)>& start,
              double timeout) {
  const auto call = std::make_shared<Call>(loop);
  start([call] {
    call->done = true;
    call->end();
  });
  const mini::Timeout timer = loop.call_later(timeout, [call] { call->end(); });
  loop.start();
  loop.remove_timeout(timer);
  if (!call->done) throw TimeoutError();
}
