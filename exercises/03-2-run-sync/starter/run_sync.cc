#include "03-2-run-sync/run_sync.h"

void run_sync(mini::IOLoop& loop, const std::function<void(mini::Callback done)>& start,
              double timeout) {
  start([&loop] { loop.stop(); });
  loop.start();
  // TODO: the time limit, exceptions, and a done that comes too late.
  static_cast<void>(timeout);
}
