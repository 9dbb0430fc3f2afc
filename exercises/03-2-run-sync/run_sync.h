// Runs a loop until one thing is done.
#pragma once

#include <functional>
#include <stdexcept>

#include "03-ioloop/ioloop.h"

class TimeoutError : public std::runtime_error {
 public:
  TimeoutError() : std::runtime_error("it took too long") {}
};

// Runs `loop` and in it `start`, until the function that `start` is given has been called; that may
// be in `start` itself, or in any callback later. Throws what `start` throws, and TimeoutError
// after `timeout` seconds. Leaves nothing behind: neither its timer nor a call that comes too late
// has an effect on what the loop does next.
void run_sync(mini::IOLoop& loop, const std::function<void(mini::Callback done)>& start,
              double timeout);
