#include "http/client/response_body.h"

#include <algorithm>

#include "http/client/defaults.h"
#include "http/message/chars.h"

namespace tornado::http {
namespace {

// A Content-Length is trusted, and memory is reserved for it, up to this size.
constexpr std::uint64_t kBelievedLength = 1'048'576;

[[noreturn]] void throw_malformed(const char* reason) {
  std::rethrow_exception(malformed_response(reason));
}

}  // namespace

std::exception_ptr malformed_response(const char* reason) {
  return std::make_exception_ptr(httpclient::HTTPClientError(
      kNoResponse, std::string("Malformed HTTP response: ") + reason, nullptr,
      std::make_exception_ptr(httputil::HTTPInputError(reason))));
}

void ResponseBody::begin(std::shared_ptr<const httpclient::HTTPRequest> request,
                         httputil::HTTPHeaders& headers,
                         std::optional<std::uint64_t> content_length) {
  request_ = std::move(request);
  const std::string coding = headers.get("Content-Encoding");  // of all its lines
  const bool gzipped =
      equals_ignoring_case(coding, "gzip") || equals_ignoring_case(coding, "x-gzip");
  if (!gzipped || !request_->decompress_response.value_or(true)) {
    if (content_length && !request_->streaming_callback) {
      body_.reserve(static_cast<std::size_t>(std::min(*content_length, kBelievedLength)));
    }
    return;
  }
  gzip_.emplace();
  headers.set("X-Consumed-Content-Encoding", coding);
  headers.remove("Content-Encoding");
}

ResponseBody::Busy ResponseBody::add(std::string_view content) {
  return gzip_ ? decode(content) : deliver(content);
}

ResponseBody::Busy ResponseBody::resume() {
  if (!gzip_) return std::nullopt;
  return decode(std::exchange(undecoded_, {}));
}

ResponseBody::Busy ResponseBody::decode(std::string_view content) {
  for (;;) {
    const GzipResult result = gzip_->next(content);
    content.remove_prefix(result.consumed);
    if (result.status == GzipStatus::kNeedMore) return std::nullopt;
    if (result.status == GzipStatus::kBad) throw_malformed("damaged gzip body");
    decoded_ += result.output.size();
    if (decoded_ > max_size_) throw_malformed("decompressed body too large");
    if (result.output.empty()) continue;
    if (stopped_) return std::nullopt;
    if (auto busy = deliver(result.output)) {
      undecoded_.assign(content);
      return busy;
    }
  }
}

ResponseBody::Busy ResponseBody::deliver(std::string_view content) {
  if (!request_->streaming_callback) {
    body_ += content;
    return std::nullopt;
  }
  auto returned = request_->streaming_callback(std::string(content));
  if (!returned || !returned->done()) return returned;
  if (const auto error = returned->exception()) std::rethrow_exception(error);
  return std::nullopt;
}

std::string ResponseBody::end() {
  if (gzip_ && !gzip_->at_end()) throw_malformed("the gzip body ends too early");
  return std::move(body_);
}

}  // namespace tornado::http
