// Reads a stream to its end.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <system_error>

#include "04-iostream/iostream.h"

// Reads until the other side ends, then calls `callback` once, with all data and no error. If the
// connection breaks, or if a piece would bring the total above `max_bytes` (error message_size; the
// stream is then closed), passes that error and the data received before, with nothing of that
// piece. If the stream is closed already, the loop calls `callback` without data and with the
// stream's error(). Until `callback` is called, nothing else may read the stream or set its close
// callback. Holds nothing afterwards.
void read_until_close(const std::shared_ptr<mini::IOStream>& stream,
                      const std::function<void(std::string data, std::error_code error)>& callback,
                      std::size_t max_bytes = mini::IOStream::kMaxBufferSize);
