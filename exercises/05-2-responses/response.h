// The client's half of the protocol: from bytes to the answer to a request.
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

// The answer to a request with this method, if all of it has come: its bytes are then taken out of
// `waiting`, and what is behind them stays. Nothing: it takes more bytes. `ended`: no more will
// come. Throws std::runtime_error if this is no answer, or can never become a whole one.
std::optional<Response> take_response(mini::Buffer& waiting, std::string_view method, bool ended);
