#include "reader.h"

#include <charconv>

#include "check.h"
#include "http/websocket/handshake.h"

namespace tornado::fuzz {

namespace {

constexpr std::size_t kLimit = 1 << 20;

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

void Reader::read(std::string& data) {
  for (bool more = true; more && !data.empty();) {
    switch (state_) {
      case State::kHead:
        more = read_head(data);
        break;
      case State::kBody:
        more = read_body(data);
        break;
      case State::kFrames:
        more = read_frame(data);
        break;
      case State::kLast: {
        const bool bytes_after_the_last_response = true;
        FUZZ_CHECK(!bytes_after_the_last_response);
      }
    }
  }
}

bool Reader::read_head(std::string& data) {
  const auto end = data.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  const std::string head = data.substr(0, end + 4);
  if (head.starts_with("HTTP/1.1 101 ")) {
    data.erase(0, head.size());
    upgrade(head);
    return true;
  }
  http::ResponseLimits limits;
  limits.head = {.max_size = kLimit, .max_fields = 1000};
  limits.max_body_size = kLimit;
  response_.emplace(limits, head.find("\r\nX-Method: HEAD\r\n") != std::string::npos);
  state_ = State::kBody;
  return true;
}

void Reader::upgrade(std::string_view head) {
  httputil::HTTPHeaders headers;
  const auto line = head.find("\r\n") + 2;
  FUZZ_CHECK(headers.parse_lines(head.substr(line, head.size() - line - 2)) == nullptr);
  FUZZ_CHECK(headers.get("Sec-WebSocket-Accept").size() == 28);
  http::DeflateAgreement agreement;
  const auto answer =
      http::read_deflate_answer(headers.get("Sec-WebSocket-Extensions"), {}, agreement);
  FUZZ_CHECK(answer != http::AnswerStatus::kBad);
  http::MessageRules rules;
  rules.frames = {.masked = false, .compressed = answer == http::AnswerStatus::kAgreed};
  rules.takeover = agreement.server_takeover;
  rules.window_bits = agreement.server_window_bits;
  frames_.emplace(rules);
  state_ = State::kFrames;
}

void Reader::check_head() {
  const http::ResponseHead& head = response_->head();
  const bool responds_to_a_handler = head.headers.find("X-Id").has_value();
  last_ = !head.keep_alive;
  got_ = 0;
  has_size_ = false;
  may_have_body_ = true;
  if (!responds_to_a_handler) {  // the server itself refuses, and closes
    const bool is_a_refusal = head.start_line.code >= 400;
    FUZZ_CHECK(is_a_refusal);
    may_have_body_ = head.content_length.has_value();
    last_ = true;
    return;
  }
  const std::uint64_t id = number(head.headers.get("X-Id"));
  const bool is_first_response_to_its_request = seen_.insert(id).second;
  FUZZ_CHECK(is_first_response_to_its_request);
  const bool responses_are_in_order = id > last_id_;
  FUZZ_CHECK(responses_are_in_order);
  last_id_ = id;
  has_size_ = head.start_line.code == 200 && !head.headers.find("Content-Encoding") &&
              head.headers.get("X-Method") != "HEAD" && head.headers.find("X-Size");
  size_ = number(head.headers.get("X-Size"));
}

bool Reader::read_body(std::string& data) {
  const http::ResponseStep step = response_->next(data);
  const bool response_is_http =
      step.event != http::ResponseEvent::kBad && step.event != http::ResponseEvent::kTooLarge;
  FUZZ_CHECK(response_is_http);
  if (step.event == http::ResponseEvent::kHead) check_head();
  got_ += step.content.size();
  const bool refusal_is_the_last = may_have_body_ || step.content.empty();
  FUZZ_CHECK(refusal_is_the_last);
  const bool body_is_the_handlers =
      !has_size_ || step.content.find_first_not_of('x') == std::string_view::npos;
  FUZZ_CHECK(body_is_the_handlers);
  data.erase(0, step.consumed);
  if (step.event != http::ResponseEvent::kDone) return step.event != http::ResponseEvent::kNeedMore;
  const bool body_is_whole = !has_size_ || got_ == size_;
  FUZZ_CHECK(body_is_whole);
  state_ = last_ ? State::kLast : State::kHead;
  return true;
}

bool Reader::read_frame(std::string& data) {
  std::string scratch;
  const http::MessageResult result = frames_->next(data, scratch);
  const bool frame_is_accepted_by_our_client = result.status != http::MessageStatus::kBad;
  FUZZ_CHECK(frame_is_accepted_by_our_client);
  if (result.status == http::MessageStatus::kText ||
      result.status == http::MessageStatus::kBinary) {
    ++messages_;
  }
  data.erase(0, result.consumed);
  if (result.status == http::MessageStatus::kClose) state_ = State::kLast;
  return result.status != http::MessageStatus::kNeedMore || result.consumed > 0;
}

}  // namespace tornado::fuzz
