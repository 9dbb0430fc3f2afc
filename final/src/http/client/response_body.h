// Internal header. A response's body on its way to the program: decoded, counted, and kept or
// handed over piece by piece.
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

// Makes the HTTPClientError, with code 599, for a server that sent something other than a response.
std::exception_ptr malformed_response(const char* reason);

// Throws what the program's callback throws, and malformed_response() for a body that cannot be
// decoded or is too long.
class ResponseBody {
 public:
  // Returns the callback's future if it is not ready for more, else nothing.
  using Busy = std::optional<Future<void>>;

  explicit ResponseBody(std::uint64_t max_size) : max_size_(max_size) {}

  // Takes the head. If the body will be decoded, renames the field Content-Encoding in `headers` to
  // X-Consumed-Content-Encoding.
  void begin(std::shared_ptr<const httpclient::HTTPRequest> request, httputil::HTTPHeaders& headers,
             std::optional<std::uint64_t> content_length);
  // Must not be called while the program is busy.
  Busy add(std::string_view content);
  // Continues after the program has become ready again.
  Busy resume();
  // Ends the fetch: the callback is not called again.
  void stop() noexcept { stopped_ = true; }
  // Ends the body, and returns it unless a callback received it.
  std::string end();

 private:
  Busy decode(std::string_view content);
  Busy deliver(std::string_view content);

  std::uint64_t max_size_;
  std::shared_ptr<const httpclient::HTTPRequest> request_;
  std::optional<GzipDecoder> gzip_;
  std::string undecoded_;      // arrived after the piece that the program is busy with
  std::uint64_t decoded_ = 0;  // bytes out of gzip_
  std::string body_;
  bool stopped_ = false;
};

}  // namespace tornado::http
