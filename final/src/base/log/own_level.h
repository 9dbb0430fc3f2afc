// Internal header: the level set on a logger, as opposed to its effective one. Implemented in
// log.cc.
#pragma once

#include <tornado/log.h>

#include <optional>

namespace tornado::log {

// Returns the level that set_level() gave the logger, or nullopt if it inherits its parent's.
std::optional<Level> own_level(const Logger& logger);

}  // namespace tornado::log
