#include "http/server/decompressed_body.h"

#include <tornado/gen.h>

#include "http/message/chars.h"
#include "http/server/limits.h"

namespace tornado::http {
namespace {

// After this much text the loop gets a turn, so that a body that expands a thousandfold does not
// delay others.
constexpr std::size_t kTextPerTurn = 1'048'576;

}  // namespace

DecompressedBody::~DecompressedBody() {
  if (decoding_ != nullptr) decoding_->delegate = nullptr;
}

Future<void> DecompressedBody::headers_received(httputil::RequestStartLine start_line,
                                                httputil::HTTPHeaders headers) {
  const std::string coding = headers.get("Content-Encoding");
  if (equals_ignoring_case(coding, "gzip")) {
    decoding_ = std::make_shared<Decoding>(Decoding{delegate_.get()});
    headers.remove("Content-Encoding");
    headers.add("X-Consumed-Content-Encoding", coding);
  }
  return delegate_->headers_received(std::move(start_line), std::move(headers));
}

Future<void> DecompressedBody::data_received(std::string chunk) {
  if (decoding_ == nullptr) return delegate_->data_received(std::move(chunk));
  decoding_->max_size = exchange_.max_body_size;
  return decode(decoding_, std::move(chunk));
}

Future<void> DecompressedBody::decode(std::shared_ptr<Decoding> decoding, std::string chunk) {
  std::string_view rest = chunk;
  std::size_t since_turn = 0;
  while (decoding->delegate != nullptr) {
    const GzipResult result = decoding->decoder.next(rest);
    if (result.status == GzipStatus::kBad) throw httputil::HTTPInputError("the body is not gzip");
    if (result.status == GzipStatus::kNeedMore) co_return;
    rest.remove_prefix(result.consumed);
    if (result.output.empty()) continue;
    decoding->size += result.output.size();
    if (decoding->size > decoding->max_size) {
      throw BodyTooLarge("the decompressed body is too long");
    }
    const Future<void> taken = decoding->delegate->data_received(std::string(result.output));
    co_await taken;
    since_turn += result.output.size();
    if (since_turn < kTextPerTurn) continue;
    since_turn = 0;
    co_await gen::moment;
  }
}

void DecompressedBody::finish() {
  if (decoding_ != nullptr && !decoding_->decoder.at_end()) {
    throw httputil::HTTPInputError("the gzip body ends too early");
  }
  delegate_->finish();
}

bool DecompressedBody::refuse(const httputil::RequestRefusal& refusal) {
  return delegate_->refuse(refusal);
}

}  // namespace tornado::http
