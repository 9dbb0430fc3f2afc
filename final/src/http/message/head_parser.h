// Internal header. Reads the head of a message, start line and header fields, as it arrives (RFC
// 9112 2 to 6). Pure: bytes in, result out; no exceptions on bad input, and linear time however the
// bytes are split.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "tornado/httputil.h"

namespace tornado::http {

struct HeadLimits {
  std::size_t max_size =
      65536;  // bytes of the head, including its empty line (Tornado: max_header_size)
  std::size_t max_fields = 1000;  // header lines
};

// How far a head that is still arriving has been searched. Start each message with a new one.
struct HeadScan {
  std::size_t position = 0;
};

enum class HeadStatus : std::uint8_t {
  kDone,      // `consumed` bytes were the head; the body follows
  kNeedMore,  // call again with the same bytes and more after them
  kBad,       // respond with 400 and close: `reason` is for the log
  kTooLarge,  // the head exceeds a limit: status_of_large_head() tells which
};

struct HeadResult {
  HeadStatus status = HeadStatus::kNeedMore;
  std::size_t consumed = 0;
  const char* reason = nullptr;  // static text, for kBad and kTooLarge
};

// The reason of kTooLarge for a head with more than max_fields lines.
inline constexpr char kTooManyFields[] = "too many header fields";

struct RequestHead {
  httputil::RequestStartLine start_line;  // the path in origin form, or "*"
  httputil::HTTPHeaders
      headers;  // Host replaced by the target's authority if that had one (RFC 9112 3.2.2)
  std::optional<std::uint64_t> content_length;  // neither this nor chunked: no body
  bool chunked = false;
  bool keep_alive = false;       // whether the client lets the connection stay open afterwards
  bool expect_continue = false;  // a body follows, and the client waits for "100 Continue" first
};

struct ResponseHead {
  httputil::ResponseStartLine start_line;
  httputil::HTTPHeaders headers;
  std::optional<std::uint64_t> content_length;  // see also RFC 9112 6.3 for HEAD, 1xx, 204, 304
  bool chunked = false;
  bool keep_alive = false;
};

// `data` is everything that has arrived since the first byte of the head, contiguous. Repeat the
// call with more data until the status is not kNeedMore. Fills `head` only if the status is kDone.
HeadResult parse_request_head(std::string_view data, HeadScan& scan, const HeadLimits& limits,
                              RequestHead& head);
HeadResult parse_response_head(std::string_view data, HeadScan& scan, const HeadLimits& limits,
                               ResponseHead& head);

// Returns the status for a request head that is kTooLarge: 414 if the limit ends within the target,
// 431 if the start line is complete (RFC 9110 15.5.15, RFC 6585 5), 400 if the bytes begin no
// request. Fills `start_line` unless that is 400; of a target that is too long, it gets the first
// kShownTarget bytes.
int status_of_large_head(std::string_view data, const HeadLimits& limits,
                         httputil::RequestStartLine& start_line);
inline constexpr std::size_t kShownTarget = 1024;

}  // namespace tornado::http
