#include "04-iostream/callback_server.h"

#include <cstddef>
#include <cstdio>
#include <exception>
#include <string_view>
#include <utility>

namespace mini {

CallbackConnection::CallbackConnection(std::shared_ptr<IOStream> stream,
                                       std::shared_ptr<const LoopHandler> handler)
    : stream_(std::move(stream)), handler_(std::move(handler)) {}

// [request]
void CallbackConnection::start() {
  stream_->read_until(
      "\r\n\r\n", [self = shared_from_this()](const std::string& head) { self->on_head(head); },
      kMaxHead);
}

void CallbackConnection::on_head(const std::string& head) {
  std::size_t body_size = 0;
  request_.refusal = parse_head(std::string_view(head).substr(0, head.size() - 4), request_);
  if (request_.refusal == 0) request_.refusal = find_body_size(request_, body_size);
  if (request_.refusal != 0) return call_handler();
  stream_->read_bytes(
      body_size, [self = shared_from_this()](std::string body) { self->on_body(std::move(body)); });
}

void CallbackConnection::on_body(std::string body) {
  request_.body = std::move(body);
  call_handler();
}
// [/request]

// [answer]
void CallbackConnection::call_handler() {
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

void CallbackConnection::answer(const Response& response) {
  if (std::exchange(answered_, true)) return;
  stream_->write(to_bytes(response, request_.method != "HEAD"));
  stream_->end_in_order();
}
// [/answer]

// [server]
CallbackServer::CallbackServer(IOLoop& loop, LoopHandler handler)
    : TCPServer(loop), handler_(std::make_shared<const LoopHandler>(std::move(handler))) {}

void CallbackServer::handle_stream(std::shared_ptr<IOStream> stream) {
  std::make_shared<CallbackConnection>(std::move(stream), handler_)->start();
}
// [/server]

}  // namespace mini
