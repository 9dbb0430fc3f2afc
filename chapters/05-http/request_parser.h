// Turns bytes into requests. It has no socket, no loop and no clock: the result depends on the
// bytes alone, however they were cut.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "04-iostream/buffer.h"
#include "05-http/headers.h"

namespace mini {

// [request]
struct RequestData {
  std::string method;
  std::string uri;      // as received: "/story/1?page=2"
  std::string version;  // "HTTP/1.1" or "HTTP/1.0"
  HTTPHeaders headers;
  std::string body;

  std::string path() const { return uri.substr(0, uri.find('?')); }
  std::string query() const;
  // Returns whether the connection stays open after the response (RFC 9112 9.3).
  bool keep_alive() const;
};
// [/request]

// [limits]
struct HTTPLimits {
  std::size_t max_head = 64 * 1024;    // bytes; a longer one gets a 431
  std::size_t max_body = 1024 * 1024;  // bytes; a longer one gets a 413
};
// [/limits]

// Parses a head, which is given without the blank line at its end. Returns 0, or the status to
// refuse it with.
int parse_request_head(std::string_view head, RequestData& request);

// [parser]
// [feed]
// Feed it bytes as they arrive, and take complete requests out of it, in order.
class RequestParser {
 public:
  explicit RequestParser(HTTPLimits limits = {}) : limits_(limits) {}

  void feed(std::string bytes) { waiting_.append(std::move(bytes)); }

  // Returns the next complete request. Nothing: it needs more bytes, or refusal() is not 0.
  std::optional<RequestData> next();

  // Returns 0, or the status for a request that we do not serve. Send it and close the connection:
  // nobody knows where another request would begin. From then on next() returns nothing.
  int refusal() const { return refusal_; }
  // [/feed]

 private:
  enum class State { kHead, kBody, kChunkSize, kChunk, kChunkEnd, kTrailer, kDone };

  bool advance();
  bool read_head();
  bool take_missing();
  bool read_body();
  bool read_chunk_size();
  bool read_chunk();
  bool read_chunk_end();
  bool read_trailer();
  int find_body();
  std::optional<std::string_view> take_line(std::size_t limit);
  bool refuse(int status);

  // [members]
  HTTPLimits limits_;
  Buffer waiting_;            // received, and not part of request_ yet
  std::size_t searched_ = 0;  // the end of the head does not begin in these first bytes of it
  State state_ = State::kHead;
  std::size_t missing_ = 0;  // bytes of the body, or of the chunk, still to come
  std::size_t trailer_ = 0;  // bytes of it so far
  RequestData request_;
  int refusal_ = 0;
  // [/members]
};
// [/parser]

}  // namespace mini
