// Runs a loop until one thing is done.
#pragma once

#include <functional>
#include <stdexcept>

#include "03-ioloop/ioloop.h"

class TimeoutError : public std::runtime_error {
 public:
  TimeoutError() : std::runtime_error("it took too long") {}
};

// Runs `loop`, which calls `start`, until `start` or any later callback has called `done`. Rethrows
// an exception of `start`; throws TimeoutError after `timeout` seconds. Leaves nothing behind:
// neither its timer nor a late call of `done` affects what the loop does next.
void run_sync(mini::IOLoop& loop, const std::function<void(mini::Callback done)>& start,
              double timeout);
