// Internal header: a logger's own level, apart from the one that counts. Implemented in log.cc.
#pragma once

#include <tornado/log.h>

#include <optional>

namespace tornado::log {

// What set_level() gave it; nothing if it takes its parent's.
std::optional<Level> own_level(const Logger& logger);

}  // namespace tornado::log
