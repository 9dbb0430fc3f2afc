// read_request with a time limit.
#pragma once

#include <chrono>
#include <optional>

#include "01-blocking-server/request.h"

namespace mini {

// Reads one request to its end. If that takes longer than `patience`, counted from the call, the
// request's refusal is 408 (RFC 9110, 15.5.9). Returns nothing if the client leaves earlier.
std::optional<Request> read_request(Socket& client, std::chrono::milliseconds patience);

}  // namespace mini
