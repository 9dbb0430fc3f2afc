// read_request with a limit on time.
#pragma once

#include <chrono>
#include <optional>

#include "01-blocking-server/request.h"

namespace mini {

// Reads one request to its end, for at most `patience` from the call on; then its refusal is 408
// (RFC 9110 15.5.9). Nothing if the client left before that.
std::optional<Request> read_request(Socket& client, std::chrono::milliseconds patience);

}  // namespace mini
