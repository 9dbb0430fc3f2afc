// Internal header. Ids of requests: the field X-Request-Id.
#pragma once

#include <string>
#include <string_view>

namespace tornado::http {

inline constexpr std::string_view kRequestIdField = "X-Request-Id";

// Whether text that a client sent may be used as an id. It goes into logs and other requests'
// heads.
bool is_request_id(std::string_view text);
// Returns 32 random hexadecimal digits.
std::string new_request_id();

}  // namespace tornado::http
