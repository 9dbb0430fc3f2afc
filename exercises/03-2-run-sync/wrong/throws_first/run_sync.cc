#include "03-2-run-sync/run_sync.h"

#include <exception>
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
  std::exception_ptr error{};
};

}  // namespace

void run_sync(mini::IOLoop& loop, const std::function<void(mini::Callback done)>& start,
              double timeout) {
  const auto call = std::make_shared<Call>(loop);
  loop.add_callback([call, start] {
    try {
      start([call] {
        call->done = true;
        call->end();
      });
    } catch (...) {
      call->error = std::current_exception();
      call->end();
    }
  });
  const mini::Timeout timer = loop.call_later(timeout, [call] {
    call->ended = true;
    call->loop.stop();
  });
  loop.start();
  if (call->error) std::rethrow_exception(call->error);
  loop.remove_timeout(timer);
  if (!call->done) throw TimeoutError();
}
