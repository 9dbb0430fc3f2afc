#include "05-http/http_connection.h"

#include <cstdio>
#include <exception>
#include <utility>

#include "05-http/status.h"

namespace mini {
namespace {

constexpr std::size_t kReadSize = 64 * 1024;  // bytes
constexpr double kPatience = 60;              // seconds for a whole request to arrive

}  // namespace

HTTPConnection::HTTPConnection(std::shared_ptr<IOStream> stream,
                               std::shared_ptr<const RequestCallback> callback, HTTPLimits limits)
    : stream_(std::move(stream)), callback_(std::move(callback)), parser_(limits) {}

HTTPConnection::~HTTPConnection() {
  stream_->loop().remove_timeout(patience_);
}
void HTTPConnection::read_request() {
  if (patience_.number == 0) {
    // Holds the stream, and only weakly: a timer must not keep a connection alive.
    patience_ = stream_->loop().call_later(kPatience, [stream = std::weak_ptr(stream_)] {
      if (const auto waiting = stream.lock()) waiting->close();
    });
  }
  const auto feed = [self = shared_from_this()](std::string bytes) {
    self->parser_.feed(std::move(bytes));
    self->next_request();
  };
  stream_->read_bytes(kReadSize, feed, true);
}

void HTTPConnection::next_request() {
  std::optional<RequestData> data = parser_.next();
  if (!data && parser_.refusal() == 0) return read_request();
  stream_->loop().remove_timeout(std::exchange(patience_, {}));
  if (!data) return refuse(parser_.refusal());
  serve(std::move(*data));
}
void HTTPConnection::serve(RequestData data) {
  const auto request = std::make_shared<HTTPServerRequest>(std::move(data), shared_from_this());
  try {
    return (*callback_)(request);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", request->uri.c_str(), error.what());
  } catch (...) {
    std::fprintf(stderr, "%s: an exception of an unknown type\n", request->uri.c_str());
  }
  request->fail();
}
void HTTPConnection::finish_answer(bool keep_alive) {
  stream_->set_close_callback(nullptr);
  if (!keep_alive) return stream_->end_in_order();
  stream_->write("", [self = shared_from_this()] { self->next_request(); });
}
void HTTPConnection::refuse(int status) {
  const std::string body = reason_phrase(status) + std::string("\n");
  stream_->write("HTTP/1.1 " + std::to_string(status) + " " + reason_phrase(status) + "\r\n" +
                 "Date: " + http_date(std::time(nullptr)) + "\r\n" +
                 "Content-Type: text/plain; charset=UTF-8\r\n" + "Content-Length: " +
                 std::to_string(body.size()) + "\r\n" + "Connection: close\r\n\r\n" + body);
  stream_->end_in_order();
}

}  // namespace mini
