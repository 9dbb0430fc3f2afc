// Copies what one stream brings to another.
#pragma once

#include <cstddef>
#include <memory>

#include "04-iostream/iostream.h"

// More than this never waits in `destination`.
inline constexpr std::size_t kMaxWaiting = 128 * 1024;  // bytes

// Sends everything that comes from `source` to `destination`, as fast as both allow. When the
// source ends, the destination ends in order, with all that came. When the destination ends, the
// source is closed. The close callbacks of both are the relay's.
void relay(const std::shared_ptr<mini::IOStream>& source,
           const std::shared_ptr<mini::IOStream>& destination);
