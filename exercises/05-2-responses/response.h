// The client's half of the protocol: from bytes to the response to a request.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "04-iostream/buffer.h"
#include "05-http/headers.h"

struct Response {
  int status = 0;
  mini::HTTPHeaders headers;
  std::string body;
};

// Returns the response to a request with this method once it is complete, and takes its bytes out
// of `waiting`; bytes after it stay. Returns nothing if more bytes are needed. `ended` means that
// no more will arrive. Throws std::runtime_error if the bytes are not a response, or can never
// become a complete one.
std::optional<Response> take_response(mini::Buffer& waiting, std::string_view method, bool ended);
