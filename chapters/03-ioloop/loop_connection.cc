#include <array>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "03-ioloop/loop_server.h"
#include "03-ioloop/nonblocking.h"

namespace mini {
namespace {

constexpr double kLinger = 1.0;  // seconds

}  // namespace

LoopConnection::LoopConnection(IOLoop& loop, Socket socket,
                               std::shared_ptr<const LoopHandler> handler)
    : loop_(loop), socket_(std::move(socket)), handler_(std::move(handler)) {}

// [start]
void LoopConnection::start() {
  loop_.add_handler(
      socket_.fd(), [self = shared_from_this()](int, std::uint32_t) { self->handle_events(); },
      IOLoop::READ);
}

void LoopConnection::handle_events() {
  try {
    switch (state_) {
      case State::kReading:
        return read();
      case State::kAnswering:  // no events were requested, so this is ERROR
        return close();
      case State::kWriting:
        return write();
      case State::kEnding:
        return drop();
      case State::kClosed:
        return;
    }
  } catch (const std::system_error&) {
    close();  // the client reset the connection, or closed it while we were writing
  }
}
// [/start]

void LoopConnection::enter(State state, std::uint32_t events) {
  state_ = state;
  loop_.update_handler(socket_.fd(), events);
}

// [read]
void LoopConnection::read() {
  std::array<char, 65536> piece;
  const std::optional<std::size_t> size = try_read(socket_, piece.data(), piece.size());
  if (!size) return;
  if (*size == 0) return close();  // the client closed in the middle of its request
  received_.append(piece.data(), *size);
  if (request_is_complete()) call_handler();
}
// [/read]

// [complete]
// read_request() of chapter 01, turned inside out: the event loop replaces its loops, members
// replace its variables, and each new piece starts it again.
bool LoopConnection::request_is_complete() {
  if (!has_head_) {
    const std::size_t end = received_.find("\r\n\r\n");
    if (end == received_.npos) {
      if (received_.size() > kMaxHead) request_.refusal = 431;
      return request_.refusal != 0;
    }
    request_.refusal = parse_head(std::string_view(received_).substr(0, end), request_);
    if (request_.refusal == 0) request_.refusal = find_body_size(request_, body_size_);
    if (request_.refusal != 0) return true;
    received_.erase(0, end + 4);
    has_head_ = true;
  }
  if (received_.size() < body_size_) return false;
  request_.body = received_.substr(0, body_size_);
  return true;
}
// [/complete]

// [call_handler]
void LoopConnection::call_handler() {
  enter(State::kAnswering, 0);
  const Reply reply = [self = shared_from_this()](const Response& response) {
    self->answer(response);
  };
  if (request_.refusal != 0) return reply({request_.refusal, "This request is not served.\n"});
  try {
    return (*handler_)(request_, reply);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", request_.target.c_str(), error.what());
  } catch (...) {
    std::fprintf(stderr, "%s: an exception of an unknown type\n", request_.target.c_str());
  }
  reply({500, "Internal Server Error\n"});
}

void LoopConnection::answer(const Response& response) {
  if (state_ != State::kAnswering) return;  // already answered, or the connection is closed
  response_ = to_bytes(response, request_.method != "HEAD");
  enter(State::kWriting, IOLoop::WRITE);
}
// [/call_handler]

// [write]
void LoopConnection::write() {
  const std::string_view rest = std::string_view(response_).substr(written_);
  written_ += try_write(socket_, rest).value_or(0);
  if (written_ == response_.size()) half_close();
}
// [/write]

// [end]
// end_in_order() of chapter 01: half-close, read the rest, close. The deadline is a timer now.
void LoopConnection::half_close() {
  socket_.shutdown_write();
  enter(State::kEnding, IOLoop::READ);
  linger_ = loop_.call_later(kLinger, [self = shared_from_this()] { self->close(); });
}

void LoopConnection::drop() {
  std::array<char, 65536> piece;
  const std::optional<std::size_t> size = try_read(socket_, piece.data(), piece.size());
  if (!size) return;
  dropped_ += *size;
  if (*size == 0 || dropped_ > kMaxBody) close();
}

void LoopConnection::close() {
  state_ = State::kClosed;
  loop_.remove_timeout(linger_);
  loop_.remove_handler(socket_.fd());  // before close() frees the number for reuse
  socket_.close();
}
// [/end]

}  // namespace mini
