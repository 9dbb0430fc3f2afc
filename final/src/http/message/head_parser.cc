#include "http/message/head_parser.h"

#include <cstring>
#include <string>
#include <utility>

#include "http/message/chars.h"
#include "http/message/framing.h"
#include "http/message/start_line.h"
#include "http/message/url.h"

namespace tornado::http {
namespace {

struct HeadLines {
  std::string_view start_line;  // without its line end
  std::string_view fields;      // with all their line ends
};

// Finds the first `CR? LF CR? LF`. Returns the size of the head, or 0 if its end has not arrived:
// then scan.position is the line end that later bytes may complete.
std::size_t find_head_end(std::string_view data, HeadScan& scan) {
  const char* const begin = data.data();
  const char* const end = begin + data.size();
  const char* from = begin + scan.position;
  while (from < end) {
    const void* found = std::memchr(from, '\n', static_cast<std::size_t>(end - from));
    if (found == nullptr) break;
    const char* const line_end = static_cast<const char*>(found);
    const char* next = line_end + 1;
    if (next < end && *next == '\r') ++next;
    if (next == end) {
      scan.position = static_cast<std::size_t>(line_end - begin);
      return 0;
    }
    if (*next == '\n') return static_cast<std::size_t>(next + 1 - begin);
    from = line_end + 1;
  }
  scan.position = data.size();
  return 0;
}

// Skips a line end before the start line (RFC 9112 2.2): old clients send one after a body. Two of
// them are an empty head, and there are never more, because find_head_end() would have stopped
// there.
std::string_view skip_line_end(std::string_view head) {
  const std::size_t size = head.starts_with("\r\n") ? 2 : head.starts_with("\n") ? 1 : 0;
  return head.substr(size);
}

HeadLines split_head(std::string_view head) {
  head = skip_line_end(head);
  const std::size_t line_end = head.find('\n');  // always found: the head ends with one
  std::string_view line = head.substr(0, line_end);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return {line, head.substr(line_end + 1)};
}

// [parse_head]
// The common half: finds the end of the head and passes its two parts on.
template <class Head>
HeadResult parse_head(std::string_view data, HeadScan& scan, const HeadLimits& limits, Head& head,
                      const char* (*parse_lines)(const HeadLines&, const HeadLimits&, Head&)) {
  const std::size_t size = find_head_end(data, scan);
  if (size > limits.max_size || (size == 0 && data.size() >= limits.max_size)) {
    return {HeadStatus::kTooLarge, 0, "message head exceeds the size limit"};
  }
  if (size == 0) return {HeadStatus::kNeedMore, 0, nullptr};
  head.headers.clear();
  if (const char* reason = parse_lines(split_head(data.substr(0, size)), limits, head)) {
    return {reason == kTooManyFields ? HeadStatus::kTooLarge : HeadStatus::kBad, 0, reason};
  }
  return {HeadStatus::kDone, size, nullptr};
}
// [/parse_head]

// Converts the request's target to origin form (RFC 9112 3.2). Sets `authority` if the target had
// one.
const char* read_target(const RequestLine& line, std::string& path, std::string_view& authority) {
  const std::string_view target = line.target;
  if (target.front() == '/' || target == "*") {
    path = target;
    return nullptr;
  }
  if (line.method == "CONNECT") {
    path = target;
    return is_valid_host(target) ? nullptr : "invalid authority in request target";
  }
  AbsoluteTarget parts;
  if (!split_absolute_target(target, parts)) return "invalid request target";
  authority = parts.authority;
  if (parts.path_and_query.starts_with('/')) {
    path = parts.path_and_query;
  } else if (parts.path_and_query.empty() && line.method == "OPTIONS") {
    path = "*";  // a proxy's way to pass on "OPTIONS *" (RFC 9112 3.2.4)
  } else {
    path = "/";
    path += parts.path_and_query;
  }
  return nullptr;
}

// RFC 9112 3.2: a 1.1 request has one valid Host line, even if the target names a host.
const char* check_host(const Framing& framing, int minor) {
  if (framing.hosts > 1) return "more than one Host header";
  if (framing.hosts == 0) return minor == 0 ? nullptr : "no Host header";
  return is_valid_host(framing.host) ? nullptr : "invalid Host header";
}

bool may_keep_alive(const RequestLine& line, const Framing& framing) {
  if (framing.close) return false;
  if (line.minor > 0) return true;
  // A chunked body of HTTP/1.0 may have passed a proxy that did not understand it: RFC 9112 6.1
  // requires that the connection be closed. A body without a length would be taken for the next
  // request.
  if (!framing.keep_alive || framing.chunked) return false;
  return framing.content_length || line.method == "GET" || line.method == "HEAD";
}

const char* parse_request_lines(const HeadLines& lines, const HeadLimits& limits,
                                RequestHead& head) {
  RequestLine line;
  if (const char* reason = parse_request_line(lines.start_line, line)) return reason;
  std::string_view authority;
  if (const char* reason = read_target(line, head.start_line.path, authority)) return reason;
  if (const char* reason = head.headers.parse_lines(lines.fields, limits.max_fields)) return reason;
  Framing framing;
  if (const char* reason = read_framing(head.headers, framing)) return reason;
  if (const char* reason = check_host(framing, line.minor)) return reason;
  if (!authority.empty()) head.headers.set("Host", authority);
  head.start_line.method = line.method;
  head.start_line.version = version_name(line.minor);
  head.content_length = framing.content_length;
  head.chunked = framing.chunked;
  head.keep_alive = may_keep_alive(line, framing);
  // Ignored from HTTP/1.0 (RFC 9110 10.1.1); and without a body, no client is waiting.
  head.expect_continue = framing.expect_continue && line.minor > 0 &&
                         (framing.chunked || framing.content_length.value_or(0) > 0);
  return nullptr;
}

const char* parse_response_lines(const HeadLines& lines, const HeadLimits& limits,
                                 ResponseHead& head) {
  StatusLine line;
  if (const char* reason = parse_status_line(lines.start_line, line)) return reason;
  if (const char* reason = head.headers.parse_lines(lines.fields, limits.max_fields)) return reason;
  Framing framing;
  if (const char* reason = read_framing(head.headers, framing)) return reason;
  head.start_line.version = version_name(line.minor);
  head.start_line.code = line.code;
  head.start_line.reason = line.reason;
  head.content_length = framing.content_length;
  head.chunked = framing.chunked;
  head.keep_alive = !framing.close && (line.minor > 0 || (framing.keep_alive && !framing.chunked));
  return nullptr;
}

// Makes a complete line of one whose target has no end within the limit. Empty if the limit ends
// elsewhere.
std::string shorten_line(std::string_view line) {
  const std::size_t target = line.find(' ') + 1;  // 0 if there is none
  if (target == 0 || line.find(' ', target) != line.npos) return {};
  return std::string(line.substr(0, target + kShownTarget)) + " HTTP/1.1";
}

}  // namespace

int status_of_large_head(std::string_view data, const HeadLimits& limits,
                         httputil::RequestStartLine& start_line) {
  data = skip_line_end(data.substr(0, limits.max_size));
  const bool whole = data.find('\n') != data.npos;
  const std::string shortened = whole ? std::string() : shorten_line(data);
  RequestLine line;
  if (parse_request_line(whole ? split_head(data).start_line : shortened, line) != nullptr) {
    return 400;
  }
  std::string path;
  std::string_view authority;
  if (read_target(line, path, authority) != nullptr) return 400;
  start_line = {std::string(line.method), std::move(path), std::string(version_name(line.minor))};
  return whole ? 431 : 414;
}

HeadResult parse_request_head(std::string_view data, HeadScan& scan, const HeadLimits& limits,
                              RequestHead& head) {
  return parse_head(data, scan, limits, head, parse_request_lines);
}

HeadResult parse_response_head(std::string_view data, HeadScan& scan, const HeadLimits& limits,
                               ResponseHead& head) {
  return parse_head(data, scan, limits, head, parse_response_lines);
}

}  // namespace tornado::http
