#include "http/curl/upload.h"

#include <tornado/iostream.h>

#include <algorithm>
#include <cstring>

#include "http/curl/transfer.h"
#include "loop/settled.h"

namespace tornado::http {

Future<void> CurlUpload::write(std::string chunk) {
  if (!attached() || finished_) return core::failed_quietly(iostream::StreamClosedError());
  if (left_ && chunk.size() > *left_) {
    return core::failed_quietly(
        httputil::HTTPOutputError("Tried to write more data than Content-Length"));
  }
  if (left_) *left_ -= chunk.size();
  if (waiting_.empty()) {
    waiting_ = std::move(chunk);
  } else {
    waiting_ += chunk;
  }
  if (waiting_.size() - taken_ > kHighWater && !drained_) drained_.emplace();
  Future<void> written = drained_ ? *drained_ : core::completed();
  transfer_->body_written();
  return written;
}

void CurlUpload::finish() {
  if (left_.value_or(0) > 0) {
    throw httputil::HTTPOutputError("Tried to write less data than Content-Length");
  }
  finished_ = true;
  if (attached()) transfer_->body_written();
}

std::size_t CurlUpload::read(char* to, std::size_t size) {
  const std::size_t count = std::min(size, waiting_.size() - taken_);
  if (count > 0) std::memcpy(to, waiting_.data() + taken_, count);
  taken_ += count;
  if (taken_ == waiting_.size()) {
    waiting_.clear();
    taken_ = 0;
  }
  if (drained_ && waiting_.size() - taken_ <= kHighWater) {
    const Future<void> drained = *std::exchange(drained_, std::nullopt);
    if (!drained.done()) drained.set_result();  // the program may have cancelled it
  }
  return count;
}

void CurlUpload::detach() {
  transfer_ = nullptr;
  waiting_.clear();
  taken_ = 0;
  if (const auto drained = std::exchange(drained_, std::nullopt)) {
    core::fail_quietly(*drained, std::make_exception_ptr(iostream::StreamClosedError()));
  }
}

}  // namespace tornado::http
