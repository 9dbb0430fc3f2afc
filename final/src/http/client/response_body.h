// Internal header. What becomes of a response's body: decoded, counted, kept or handed to the
// program piece by piece.
#pragma once

#include <tornado/httpclient.h>

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/message/gzip_decoder.h"

namespace tornado::http {

// Why there is no response, if what the server sent is none: an HTTPClientError with code 599.
std::exception_ptr malformed_response(const char* reason);

// Throws what the program's callback throws, and malformed_response() for a body that cannot be
// decoded or becomes too long.
class ResponseBody {
 public:
  // The future of a callback that is not ready for more; nothing if it is.
  using Busy = std::optional<Future<void>>;

  explicit ResponseBody(std::uint64_t max_size) : max_size_(max_size) {}

  // The head has come: says in `headers` that the body is decoded, if it is going to be.
  void begin(std::shared_ptr<const httpclient::HTTPRequest> request, httputil::HTTPHeaders& headers,
             std::optional<std::uint64_t> content_length);
  // Not to be called while the program is busy.
  Busy add(std::string_view content);
  // The program is ready again.
  Busy resume();
  // The fetch is over: the callback is not called again.
  void stop() noexcept { stopped_ = true; }
  // There is no more. The body, unless a callback has got it.
  std::string end();

 private:
  Busy decode(std::string_view content);
  Busy deliver(std::string_view content);

  std::uint64_t max_size_;
  std::shared_ptr<const httpclient::HTTPRequest> request_;
  std::optional<GzipDecoder> gzip_;
  std::string undecoded_;      // what came behind the piece that the program is busy with
  std::uint64_t decoded_ = 0;  // bytes out of gzip_
  std::string body_;
  bool stopped_ = false;
};

}  // namespace tornado::http
