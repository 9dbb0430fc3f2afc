#include "02-select/select_connection.h"

#include <array>
#include <cstdio>
#include <exception>
#include <string_view>
#include <system_error>
#include <utility>

#include "02-select/nonblocking.h"

namespace mini {
namespace {

constexpr std::chrono::seconds kPatience{1};  // with a client that does not close

Response answer(const Request& request, const Handler& handler) {
  if (request.refusal != 0) return {request.refusal, "This request is not served.\n"};
  try {
    return handler(request);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", request.target.c_str(), error.what());
  } catch (...) {
    std::fprintf(stderr, "%s: an exception of an unknown type\n", request.target.c_str());
  }
  return {500, "Internal Server Error\n"};
}

}  // namespace

SelectConnection::SelectConnection(Socket socket, const Handler& handler)
    : socket_(std::move(socket)), handler_(handler) {}

void SelectConnection::refuse(const Response& response) {
  response_ = to_bytes(response);
  state_ = State::kWriting;
}

// [watch]
void SelectConnection::watch(Selection& selection) const {
  if (state_ == State::kWriting) {
    selection.watch_write(socket_.fd());
  } else {
    selection.watch_read(socket_.fd());
  }
}
// [/watch]

// [step]
void SelectConnection::step(const Selection& ready, Time now) {
  try {
    if (state_ == State::kReading && ready.can_read(socket_.fd())) {
      read(now);
    } else if (state_ == State::kWriting && ready.can_write(socket_.fd())) {
      write(now);
    } else if (state_ == State::kEnding && ready.can_read(socket_.fd())) {
      drop();
    }
    if (deadline_ && now >= *deadline_) state_ = State::kOver;
  } catch (const std::system_error&) {
    state_ = State::kOver;  // the client reset the connection, or closed it while we wrote
  }
}
// [/step]

// [read]
void SelectConnection::read(Time now) {
  std::array<char, 65536> piece;
  const auto size = if_ready([&] { return socket_.read(piece.data(), piece.size()); });
  if (!size) return;  // select's answer may be out of date: somebody else was faster
  if (*size == 0) {
    state_ = State::kOver;  // the client left in the middle of its request
    return;
  }
  const auto request = collector_.add(std::string_view(piece.data(), *size));
  if (!request) return;
  response_ = to_bytes(answer(*request, handler_), request->method != "HEAD");
  state_ = State::kWriting;
  write(now);  // there is usually room, and asking first would cost a round
}
// [/read]

// [write]
void SelectConnection::write(Time now) {
  const std::string_view rest = std::string_view(response_).substr(written_);
  written_ += if_ready([&] { return socket_.write(rest); }).value_or(0);
  if (written_ < response_.size()) return;
  // end_in_order() of chapter 01, as a state: its waiting is left to select, which knows the
  // deadline.
  socket_.shutdown_write();
  state_ = State::kEnding;
  deadline_ = now + kPatience;
}
// [/write]

// [drop]
void SelectConnection::drop() {
  std::array<char, 65536> piece;
  const auto size = if_ready([&] { return socket_.read(piece.data(), piece.size()); });
  if (!size) return;
  dropped_ += *size;
  if (*size == 0 || dropped_ > kMaxBody) state_ = State::kOver;
}
// [/drop]

}  // namespace mini
