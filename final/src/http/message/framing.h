// Internal header. Interprets the header fields about a message's body and its connection (RFC 9112
// 6 and 9.3).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tornado::httputil {
class HTTPHeaders;
}

namespace tornado::http {

struct Framing {
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool close = false;            // Connection lists "close"
  bool keep_alive = false;       // Connection lists "keep-alive"
  bool expect_continue = false;  // Expect lists "100-continue"
  int hosts = 0;                 // number of Host lines
  std::string_view host;         // the last of them; points into the headers
};

// Fills `framing` from `headers` in one pass. Returns nullptr, or why the framing is refused: a
// message with two possible readings is rejected (RFC 9112 6.1 and 6.3, request smuggling).
[[nodiscard]] const char* read_framing(const httputil::HTTPHeaders& headers, Framing& framing);

// Parses a Content-Length field: digits, or a list of the same digits (RFC 9112 6.3). Returns
// nothing for a sign, blanks inside, an empty value, different values, or more than 64 bits.
std::optional<std::uint64_t> parse_content_length(std::string_view value);

// Responses with these codes end with their head, whatever its fields say (RFC 9112 6.3).
constexpr bool has_no_body(int status_code) {
  return (status_code >= 100 && status_code < 200) || status_code == 204 || status_code == 304;
}

// Returns whether the comma-separated list `value` has the element `token`, ignoring case.
bool list_contains(std::string_view value, std::string_view token);

}  // namespace tornado::http
