#include "client.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <string_view>

namespace simulation {

using tornado::http::ChunkedStatus;
using tornado::ioloop::IOLoop;

namespace {

constexpr double kRetry = 0.05;  // seconds until a full socket is tried again
constexpr std::uint64_t kAnswered = 10;
constexpr std::uint64_t kOver = 11;

std::string_view field(std::string_view head, std::string_view name) {
  const auto at = head.find(name);
  if (at == std::string_view::npos) return {};
  const auto begin = at + name.size();
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

std::size_t number(std::string_view text) {
  std::size_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

Client::Client(IOLoop& loop, Trace& trace, std::uint64_t number, int fd, std::deque<Part> parts,
               std::vector<Expected> expected, bool leaves_early,
               std::function<void(const std::string&)> violation)
    : loop_(loop),
      trace_(trace),
      number_(number),
      fd_(fd),
      parts_(std::move(parts)),
      expected_(std::move(expected)),
      leaves_early_(leaves_early),
      violation_(std::move(violation)) {
  loop_.add_handler(fd_, [this](int, std::uint32_t) { read(); }, IOLoop::READ);
  timer_ = loop_.call_later(parts_.front().after, [this] { send_next(); });
}

void Client::send_next() {
  unsent_ += parts_.front().bytes;
  sent_ += parts_.front().completes;
  parts_.pop_front();
  write();
}

// The next part is due only when this one has left.
void Client::write() {
  while (!unsent_.empty()) {
    const ssize_t count = ::send(fd_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EAGAIN) {
      timer_ = loop_.call_later(kRetry, [this] { write(); });
      return;
    }
    if (count < 0) return;  // what the server has said is still to be read
    unsent_.erase(0, static_cast<std::size_t>(count));
  }
  if (!parts_.empty()) {
    timer_ = loop_.call_later(parts_.front().after, [this] { send_next(); });
  } else if (leaves_early_) {
    close();
  }
}

void Client::read() {
  if (over_) return;
  char buffer[16'384];
  const ssize_t count = ::recv(fd_, buffer, sizeof buffer, 0);
  if (count < 0 && errno == EAGAIN) return;
  if (count <= 0) return close();
  input_.append(buffer, static_cast<std::size_t>(count));
  parse();
  if (!over_ && answered_ == expected_.size() && parts_.empty()) close();
}

void Client::parse() {
  while (!over_) {
    if (state_ == State::kRefused) {
      // Only the rest of that response may come, and the end of the connection.
      if (input_.find("HTTP/1.1 ") != std::string::npos) wrong("a response after a refusal");
      return;
    }
    if (!(state_ == State::kHead ? parse_head() : parse_body())) return;
  }
}

bool Client::parse_head() {
  const auto end = input_.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  const std::string head = input_.substr(0, end + 2);
  input_.erase(0, end + 4);
  const std::size_t status = number(std::string_view(head).substr(9, 3));
  if (status == 100) return true;
  if (answered_ == expected_.size()) {
    wrong("more responses than requests");
    return false;
  }
  const Expected& expected = expected_[answered_];
  if (status == 408 || (status >= 400 && status != 500 && expected.status != 200)) {
    state_ = State::kRefused;
    return true;
  }
  if (static_cast<int>(answered_) >= sent_) wrong("a response before its request was sent");
  if (static_cast<int>(status) != expected.status) wrong("unexpected status: " + head);
  if (status == 200 && number(field(head, "X-Id: ")) != expected.id) {
    wrong("responses out of order: " + head);
  }
  body_size_ = 0;
  decoder_ = tornado::http::ChunkedDecoder{{}};
  const bool chunked = head.find("Transfer-Encoding: chunked") != std::string::npos;
  state_ = chunked ? State::kChunked : State::kFixed;
  left_ = number(field(head, "Content-Length: "));
  return true;
}

bool Client::parse_body() {
  if (state_ == State::kFixed) {
    const std::size_t taken = std::min(left_, input_.size());
    body_size_ += taken;
    left_ -= taken;
    input_.erase(0, taken);
    if (left_ > 0) return false;
    end_response();
    return true;
  }
  const auto result = decoder_.next(input_);
  body_size_ += result.content.size();
  input_.erase(0, result.consumed);
  if (result.status == ChunkedStatus::kDone) {
    end_response();
  } else if (result.reason != nullptr) {
    wrong(std::string("the chunked body is bad: ") + result.reason);
  }
  return result.consumed > 0 && !over_;
}

void Client::end_response() {
  const Expected& expected = expected_[answered_++];
  if (expected.status == 200 && body_size_ != expected.size) wrong("a body of the wrong size");
  trace_.note(number_, kAnswered, body_size_);
  state_ = State::kHead;
}

void Client::wrong(const std::string& what) {
  violation_("client " + std::to_string(number_) + ": " + what);
  close();
}

void Client::close() {
  if (over_) return;
  over_ = true;
  loop_.remove_timeout(timer_);
  loop_.remove_handler(fd_);
  ::close(fd_);
  trace_.note(number_, kOver, answered_);
}

}  // namespace simulation
