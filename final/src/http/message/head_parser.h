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
  kTooLarge,  // the head exceeds the limit: close
};

struct HeadResult {
  HeadStatus status = HeadStatus::kNeedMore;
  std::size_t consumed = 0;
  const char* reason = nullptr;  // static text, for kBad and kTooLarge
};

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

}  // namespace tornado::http
