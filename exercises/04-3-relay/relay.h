// Copies the bytes that one stream receives to another.
#pragma once

#include <cstddef>
#include <memory>

#include "04-iostream/iostream.h"

// No more than this ever waits in `destination`.
inline constexpr std::size_t kMaxWaiting = 128 * 1024;  // bytes

// Sends everything that arrives from `source` to `destination`, as fast as both allow. When the
// source ends, ends the destination in order, after all that arrived. When the destination ends,
// closes the source. Sets the close callbacks of both.
void relay(const std::shared_ptr<mini::IOStream>& source,
           const std::shared_ptr<mini::IOStream>& destination);
