// Reads a stream to its end.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <system_error>

#include "04-iostream/iostream.h"

// Calls `callback` once, with everything that still comes until the other side ends, and no error.
// If the connection breaks instead, or a piece would make it more than `max_bytes` (error
// message_size; the stream is closed then), the error says so, and the data is what came before,
// with nothing of that piece. Until then it is the only one who reads the stream, and the close
// callback is its own. Afterwards it holds nothing any more.
void read_until_close(const std::shared_ptr<mini::IOStream>& stream,
                      const std::function<void(std::string data, std::error_code error)>& callback,
                      std::size_t max_bytes = mini::IOStream::kMaxBufferSize);
