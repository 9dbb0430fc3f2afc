// Internal header. The first line of a message (RFC 9112 3 and 4), taken apart without copies or
// exceptions.
#pragma once

#include <string_view>

namespace tornado::http {

// The parts of a line; they point into it. `minor` is the y of HTTP/1.y.
struct RequestLine {
  std::string_view method;
  std::string_view target;
  int minor = 1;
};

struct StatusLine {
  int minor = 1;
  int code = 0;
  std::string_view reason;
};

// `line` is passed without its line end. Returns nullptr, or why the line was refused.
[[nodiscard]] const char* parse_request_line(std::string_view line, RequestLine& parts);
[[nodiscard]] const char* parse_status_line(std::string_view line, StatusLine& parts);

// Returns the minor version to serve a message of HTTP/1.`minor` as: any above 1 is 1.1 (RFC 9110
// 2.5).
constexpr std::string_view version_name(int minor) {
  return minor == 0 ? "HTTP/1.0" : "HTTP/1.1";
}

}  // namespace tornado::http
