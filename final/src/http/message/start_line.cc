#include "http/message/start_line.h"

#include <string>

#include "http/message/chars.h"
#include "tornado/httputil.h"

namespace tornado::http {
namespace {

constexpr std::string_view kVersionPrefix = "HTTP/1.";
constexpr std::size_t kVersionSize = kVersionPrefix.size() + 1;

// The y of "HTTP/1.y", or -1.
int parse_version(std::string_view text) {
  if (text.size() != kVersionSize || !text.starts_with(kVersionPrefix) || !is_digit(text.back())) {
    return -1;
  }
  return text.back() - '0';
}

}  // namespace

const char* parse_request_line(std::string_view line, RequestLine& parts) {
  const char* const end = line.data() + line.size();
  const char* p = line.data();
  while (p != end && kTokenCase[0][byte(*p)] != '\0') ++p;
  parts.method = line.substr(0, static_cast<std::size_t>(p - line.data()));
  if (parts.method.empty() || p == end || *p != ' ') return "invalid request method";
  const char* const target = ++p;
  while (p != end && byte(*p) > ' ' && byte(*p) < 0x7F) ++p;  // RFC 3986 2: ASCII only
  parts.target = {target, static_cast<std::size_t>(p - target)};
  if (parts.target.empty() || p == end || *p != ' ') return "malformed request target";
  ++p;
  parts.minor = parse_version({p, static_cast<std::size_t>(end - p)});
  return parts.minor < 0 ? "unsupported or malformed HTTP version" : nullptr;
}

const char* parse_status_line(std::string_view line, StatusLine& parts) {
  constexpr std::size_t kCodeBegin = kVersionSize + 1;
  constexpr std::size_t kCodeEnd = kCodeBegin + 3;
  parts.minor = parse_version(line.substr(0, kVersionSize));
  if (parts.minor < 0) return "unsupported or malformed HTTP version";
  if (line.size() < kCodeEnd || line[kVersionSize] != ' ') return "malformed status line";
  parts.code = 0;
  for (const char c : line.substr(kCodeBegin, 3)) {
    if (!is_digit(c)) return "malformed status code";
    parts.code = parts.code * 10 + (c - '0');
  }
  if (parts.code < 100) return "malformed status code";
  // RFC 9112 4 requires a space even before an empty reason; servers that omit it are common.
  std::string_view rest = line.substr(kCodeEnd);
  if (!rest.empty() && rest.front() != ' ') return "malformed status line";
  if (!rest.empty()) rest.remove_prefix(1);
  if (has_control(rest)) return "invalid character in reason phrase";
  parts.reason = rest;
  return nullptr;
}

}  // namespace tornado::http

namespace tornado::httputil {

RequestStartLine parse_request_start_line(std::string_view line) {
  http::RequestLine parts;
  if (const char* reason = http::parse_request_line(line, parts)) throw HTTPInputError(reason);
  return {std::string(parts.method), std::string(parts.target),
          std::string(http::version_name(parts.minor))};
}

ResponseStartLine parse_response_start_line(std::string_view line) {
  http::StatusLine parts;
  if (const char* reason = http::parse_status_line(line, parts)) throw HTTPInputError(reason);
  return {std::string(http::version_name(parts.minor)), parts.code, std::string(parts.reason)};
}

}  // namespace tornado::httputil
