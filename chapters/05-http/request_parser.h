// From bytes to requests. Knows nothing of sockets, loops or time: what comes out depends on the
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
  std::string uri;      // as it came: "/story/1?page=2"
  std::string version;  // "HTTP/1.1" or "HTTP/1.0"
  HTTPHeaders headers;
  std::string body;

  std::string path() const { return uri.substr(0, uri.find('?')); }
  std::string query() const;
  // Whether the client means to ask again on this connection (RFC 9112 9.3).
  bool keep_alive() const;
};
// [/request]

// [limits]
struct HTTPLimits {
  std::size_t max_head = 64 * 1024;    // bytes; more is answered 431
  std::size_t max_body = 1024 * 1024;  // bytes; more is answered 413
};
// [/limits]

// Takes a head apart: its lines, without the blank one at the end. Returns 0, or the status that
// refuses it.
int parse_request_head(std::string_view head, RequestData& request);

// [parser]
// [feed]
// Bytes go in with feed(), as they come; whole requests come out of next(), in their order.
class RequestParser {
 public:
  explicit RequestParser(HTTPLimits limits = {}) : limits_(limits) {}

  void feed(std::string bytes) { waiting_.append(std::move(bytes)); }

  // The next request that is whole. Nothing: it takes more bytes, or refusal() says why not.
  std::optional<RequestData> next();

  // Not 0: what has come is no request that we serve. Answer it with this status, and close: nobody
  // knows where another request would begin. next() gives nothing any more.
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
  Buffer waiting_;            // has come, and is not part of request_ yet
  std::size_t searched_ = 0;  // so many bytes of it are known not to end the head
  State state_ = State::kHead;
  std::size_t missing_ = 0;  // bytes of the body, or of the chunk, that are to come
  std::size_t trailer_ = 0;  // bytes
  RequestData request_;
  int refusal_ = 0;
  // [/members]
};
// [/parser]

}  // namespace mini
