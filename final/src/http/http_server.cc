#include <tornado/httpserver.h>

#include <utility>

#include "http/server_connection.h"

namespace tornado::httpserver {

namespace detail {

// Collects one request and calls the program with it.
class CollectingDelegate final : public httputil::HTTPMessageDelegate {
 public:
  CollectingDelegate(CallbackDelegate& owner, std::shared_ptr<httputil::HTTPConnection> connection)
      : owner_(owner), connection_(std::move(connection)) {}

  Future<void> headers_received(httputil::StartLine start_line,
                                httputil::HTTPHeaders headers) override {
    request_.emplace(std::get<httputil::RequestStartLine>(std::move(start_line)),
                     std::move(headers), std::string(), std::move(connection_));
    return ready_;
  }
  Future<void> data_received(std::string chunk) override {
    request_->body += chunk;
    return ready_;
  }
  void finish() override {
    request_->parse_body();
    owner_.call(std::move(*request_));
    request_.reset();
  }

 private:
  static Future<void> make_ready() {
    Future<void> future;
    future.set_result();
    return future;
  }

  CallbackDelegate& owner_;
  std::shared_ptr<httputil::HTTPConnection> connection_;
  std::optional<httputil::HTTPServerRequest> request_;
  Future<void> ready_ = make_ready();
};

std::unique_ptr<httputil::HTTPMessageDelegate> CallbackDelegate::start_request(
    const void* /*server_connection*/,
    std::shared_ptr<httputil::HTTPConnection> request_connection) {
  return std::make_unique<CollectingDelegate>(*this, std::move(request_connection));
}

}  // namespace detail

HTTPServer::HTTPServer(httputil::HTTPServerConnectionDelegate& delegate,
                       const HTTPServerOptions& options)
    : core_(std::make_unique<http::ServerCore>(delegate, options)) {}

HTTPServer::HTTPServer(std::unique_ptr<detail::CallbackDelegate> owned,
                       const HTTPServerOptions& options)
    : owned_delegate_(std::move(owned)),
      core_(std::make_unique<http::ServerCore>(*owned_delegate_, options)) {}

HTTPServer::~HTTPServer() {
  stop();
}

Future<void> HTTPServer::close_all_connections() {
  return core_->close_all();
}

std::size_t HTTPServer::connection_count() const noexcept {
  return core_->connection_count;
}

Future<void> HTTPServer::handle_stream(iostream::IOStream stream, netutil::Address address) {
  core_->serve(std::move(stream), address.ip());
  co_return;
}

}  // namespace tornado::httpserver
