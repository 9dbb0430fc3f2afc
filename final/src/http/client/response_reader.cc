#include "http/client/response_reader.h"

#include <algorithm>

#include "http/message/framing.h"

namespace tornado::http {
namespace {

constexpr int kSwitchingProtocols = 101;
constexpr int kNoContent = 204;
constexpr const char kBodyAnnounced[] = "a body announced with a status that has none";

bool is_informational(int code) {
  return code >= 100 && code < 200;
}

}  // namespace

const char* check_announced_body(const ResponseHead& head, bool to_head) {
  const int code = head.start_line.code;
  if (is_informational(code)) {
    return head.chunked || head.content_length ? kBodyAnnounced : nullptr;
  }
  if (code != kNoContent || to_head) return nullptr;
  return head.chunked || head.content_length.value_or(0) > 0 ? kBodyAnnounced : nullptr;
}

ResponseStep ResponseReader::next(std::string_view data) {
  switch (state_) {
    case State::kHead:
      return read_head(data);
    case State::kFixed:
      return read_fixed(data);
    case State::kChunked:
      return read_chunked(data);
    case State::kUntilClose:
      return read_until_close(data);
    case State::kDone:
      break;
  }
  return {ResponseEvent::kDone};
}

ResponseStep ResponseReader::read_head(std::string_view data) {
  HeadLimits limits = limits_.head;
  limits.max_size -= std::min(limits.max_size, informational_bytes_);
  const HeadResult result = parse_response_head(data, scan_, limits, head_);
  switch (result.status) {
    case HeadStatus::kDone:
      break;
    case HeadStatus::kNeedMore:
      return {};
    case HeadStatus::kBad:
      return {ResponseEvent::kBad, 0, {}, result.reason};
    case HeadStatus::kTooLarge:
      return {ResponseEvent::kTooLarge, 0, {}, result.reason};
  }
  scan_ = {};
  const int code = head_.start_line.code;
  if (const char* reason = check_announced_body(head_, to_head_)) {
    return {ResponseEvent::kBad, 0, {}, reason};
  }
  if (is_informational(code)) {
    // This client never asks for another protocol, and what follows would not be HTTP.
    if (code == kSwitchingProtocols) {
      return {ResponseEvent::kBad, 0, {}, "unasked-for 101 Switching Protocols"};
    }
    informational_bytes_ += result.consumed;
    if (++informational_ > limits_.max_informational) {
      return {ResponseEvent::kTooLarge, 0, {}, "too many informational responses"};
    }
    return {ResponseEvent::kInformational, result.consumed};
  }
  if (const char* reason = begin_body()) return {ResponseEvent::kTooLarge, 0, {}, reason};
  return {ResponseEvent::kHead, result.consumed};
}

// The order of RFC 9112 6.3.
const char* ResponseReader::begin_body() {
  const int code = head_.start_line.code;
  keep_alive_ = head_.keep_alive;
  if (to_head_ || has_no_body(code)) {
    state_ = State::kDone;
  } else if (head_.chunked) {
    state_ = State::kChunked;
    chunked_.emplace(ChunkedLimits{.max_body_size = limits_.max_body_size});
  } else if (head_.content_length) {
    if (*head_.content_length > limits_.max_body_size) return "Content-Length too long";
    left_ = *head_.content_length;
    state_ = left_ == 0 ? State::kDone : State::kFixed;
  } else {
    state_ = State::kUntilClose;
    left_ = limits_.max_body_size;
    keep_alive_ = false;
  }
  return nullptr;
}

std::optional<std::uint64_t> ResponseReader::content_length() const noexcept {
  if (state_ == State::kDone) return 0;
  return state_ == State::kFixed ? std::optional<std::uint64_t>(left_) : std::nullopt;
}

ResponseStep ResponseReader::read_fixed(std::string_view data) {
  if (data.empty()) return {};
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, data.size()));
  left_ -= size;
  if (left_ == 0) state_ = State::kDone;
  return {ResponseEvent::kContent, size, data.substr(0, size)};
}

ResponseStep ResponseReader::read_chunked(std::string_view data) {
  const ChunkedResult result = chunked_->next(data);
  switch (result.status) {
    case ChunkedStatus::kContent:
      return {ResponseEvent::kContent, result.consumed, result.content};
    case ChunkedStatus::kNeedMore:
      return {ResponseEvent::kNeedMore, result.consumed};
    case ChunkedStatus::kDone:
      state_ = State::kDone;
      chunked_.reset();
      return {ResponseEvent::kDone, result.consumed};
    case ChunkedStatus::kTooLarge:
      return {ResponseEvent::kTooLarge, result.consumed, {}, result.reason};
    case ChunkedStatus::kBad:
      break;
  }
  return {ResponseEvent::kBad, result.consumed, {}, result.reason};
}

ResponseStep ResponseReader::read_until_close(std::string_view data) {
  if (data.empty()) return {};
  if (data.size() > left_) return {ResponseEvent::kTooLarge, 0, {}, "body too long"};
  left_ -= data.size();
  return {ResponseEvent::kContent, data.size(), data};
}

ResponseStep ResponseReader::end_of_input() {
  if (state_ == State::kUntilClose || state_ == State::kDone) {
    state_ = State::kDone;
    return {ResponseEvent::kDone};
  }
  return {ResponseEvent::kBad, 0, {}, "connection closed within the response"};
}

}  // namespace tornado::http
