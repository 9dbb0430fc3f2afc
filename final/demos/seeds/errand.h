// Internal header: something that takes time, for the programs on coroutines.
#pragma once

#include <tornado/gen.h>

#include <string>

namespace seeds {

// Comes back after `ticks` hundredths of a second, with `name`.
inline tornado::Future<std::string> errand(std::string name, int ticks) {
  co_await tornado::gen::sleep(ticks / 100.0);
  co_return name;
}

}  // namespace seeds
