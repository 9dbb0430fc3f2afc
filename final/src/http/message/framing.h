// Internal header. What a message's header fields say about its body and about the connection (RFC
// 9112 6 and 9.3).
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
  int hosts = 0;                 // how many Host lines
  std::string_view host;         // the last of them; points into the headers
};

// Fills `framing` from `headers` in one pass. Returns nullptr, or why the framing is refused: a
// message that could be read in two ways is read in none (RFC 9112 6.1 and 6.3, request smuggling).
[[nodiscard]] const char* read_framing(const httputil::HTTPHeaders& headers, Framing& framing);

// The value of a Content-Length field: digits, or a list of the same digits (RFC 9112 6.3). Nothing
// for a sign, blanks inside, an empty value, different values, or more than 64 bits.
std::optional<std::uint64_t> parse_content_length(std::string_view value);

// Responses with these codes end with their head, whatever it says (RFC 9112 6.3).
constexpr bool has_no_body(int status_code) {
  return (status_code >= 100 && status_code < 200) || status_code == 204 || status_code == 304;
}

// True if the comma-separated list `value` has the element `token`, in any case.
bool list_contains(std::string_view value, std::string_view token);

}  // namespace tornado::http
