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
  // Milestone 5: a minute for a whole request; then any bytes go to the parser.
}

void HTTPConnection::next_request() {
  // Milestone 5: a request, a refusal, or more bytes?
}

void HTTPConnection::serve(RequestData data) {
  // Milestone 5: call back. What if that throws?
}

void HTTPConnection::finish_answer(bool keep_alive) {
  // Milestone 5: when may the next request be served, and when is there none?
}

void HTTPConnection::refuse(int status) {
  // Milestone 5: a response, and then the end.
}

}  // namespace mini
