// Internal header: a task that takes time, for the programs on coroutines.
#pragma once

#include <tornado/gen.h>

#include <string>

namespace seeds {

// Returns `name`, after `ticks` hundredths of a second.
inline tornado::Future<std::string> errand(std::string name, int ticks) {
  co_await tornado::gen::sleep(ticks / 100.0);
  co_return name;
}

}  // namespace seeds
