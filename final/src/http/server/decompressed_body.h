// Internal header. Wraps a delegate and undoes Content-Encoding: gzip of the bodies it receives
// (HTTPServer's decompress_request).
#pragma once

#include <tornado/concurrent.h>
#include <tornado/httputil.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "http/message/gzip_decoder.h"
#include "http/server/exchange.h"

namespace tornado::http {

// A body in another coding, or in none, passes unchanged. For gzip, the delegate sees the decoded
// text, and the field moves to X-Consumed-Content-Encoding, so that nobody decodes it twice. The
// exchange's max_body_size limits the text as well, during decoding: a small body that expands
// without end is refused at the limit. Damaged gzip is refused too.
class DecompressedBody final : public httputil::HTTPMessageDelegate {
 public:
  // `exchange` owns this object, so a plain reference is safe.
  DecompressedBody(std::unique_ptr<httputil::HTTPMessageDelegate> delegate,
                   const Exchange& exchange)
      : delegate_(std::move(delegate)), exchange_(exchange) {}
  ~DecompressedBody() override;

  Future<void> headers_received(httputil::RequestStartLine start_line,
                                httputil::HTTPHeaders headers) override;
  Future<void> data_received(std::string chunk) override;
  void finish() override;
  bool refuse(const httputil::RequestRefusal& refusal) override;
  void on_connection_close() override { delegate_->on_connection_close(); }
  void on_shutdown() override { delegate_->on_shutdown(); }

 private:
  // Shared with the coroutine, which may still be waiting for the delegate after the exchange is
  // over.
  struct Decoding {
    httputil::HTTPMessageDelegate* delegate;  // null then
    GzipDecoder decoder = {};
    std::uint64_t size = 0;  // of the text so far
    std::uint64_t max_size = 0;
  };
  static Future<void> decode(std::shared_ptr<Decoding> decoding, std::string chunk);

  std::unique_ptr<httputil::HTTPMessageDelegate> delegate_;
  const Exchange& exchange_;
  std::shared_ptr<Decoding> decoding_;
};

}  // namespace tornado::http
