#include <tornado/httpserver.h>
#include <tornado/log.h>

#include <stdexcept>
#include <utility>

#include "http/server/connection.h"
#include "http/server/exchange.h"
#include "loop/error_text.h"
#include "loop/settled.h"

namespace tornado::httpserver {

namespace detail {

// Collects one request, then calls the program with it.
class CollectingDelegate final : public httputil::HTTPMessageDelegate {
 public:
  CollectingDelegate(std::shared_ptr<CallbackDelegate> owner,
                     std::shared_ptr<httputil::HTTPConnection> connection)
      : owner_(std::move(owner)), connection_(std::move(connection)) {}

  Future<void> headers_received(httputil::RequestStartLine start_line,
                                httputil::HTTPHeaders headers) override {
    request_.emplace(std::move(start_line), std::move(headers), std::string(),
                     std::move(connection_));
    return ready_;
  }
  Future<void> data_received(std::string chunk) override {
    request_->connection->count_buffered(chunk.size());
    request_->body += chunk;
    return ready_;
  }
  void finish() override {
    request_->parse_body();
    owner_->call(std::move(*request_));
    request_.reset();
  }

 private:
  std::shared_ptr<CallbackDelegate> owner_;
  std::shared_ptr<httputil::HTTPConnection> connection_;
  std::optional<httputil::HTTPServerRequest> request_;
  Future<void> ready_ = core::completed();
};

std::unique_ptr<httputil::HTTPMessageDelegate> CallbackDelegate::start_request(
    const void* /*server_connection*/,
    std::shared_ptr<httputil::HTTPConnection> request_connection) {
  return std::make_unique<CollectingDelegate>(shared_from_this(), std::move(request_connection));
}

void CallbackDelegate::call_failed(httputil::HTTPConnection& connection) {
  log::app_log.error("Uncaught exception in a request: " + describe(std::current_exception()));
  if (auto* exchange = dynamic_cast<http::Exchange*>(&connection)) exchange->cut_off();
}

}  // namespace detail

namespace {

HTTPServerOptions complete(HTTPServerOptions options) {
  if (options.proxy_protocol && options.ssl_options) {
    throw std::invalid_argument("HTTPServer: proxy_protocol does not work with ssl_options");
  }
  if (options.protocol.empty() && options.ssl_options) options.protocol = "https";
  return options;
}

}  // namespace

HTTPServer::HTTPServer(httputil::HTTPServerConnectionDelegate& delegate,
                       const HTTPServerOptions& options)
    : TCPServer(options.ssl_options),
      core_(core::make_owned<http::ServerCore>(delegate, complete(options))) {}

HTTPServer::HTTPServer(std::shared_ptr<detail::CallbackDelegate> owned,
                       const HTTPServerOptions& options)
    : TCPServer(options.ssl_options),
      owned_delegate_(std::move(owned)),
      core_(core::make_owned<http::ServerCore>(*owned_delegate_, complete(options))) {}

HTTPServer::~HTTPServer() {
  stop();
}

Future<void> HTTPServer::close_all_connections() {
  return core_->close_all();
}

Future<ShutdownReport> HTTPServer::shutdown(double grace) {
  if (!(grace >= 0)) {
    throw std::invalid_argument("the grace of a shutdown is " + core::format_seconds(grace) +
                                " s, but must be 0 or more");
  }
  accept_waiting();
  stop();
  return core_->shutdown(grace);
}

bool HTTPServer::shutting_down() const noexcept {
  return core_->shutting_down();
}

std::size_t HTTPServer::connection_count() const noexcept {
  return core_->connection_count;
}

Future<void> HTTPServer::handle_stream(iostream::IOStream stream, netutil::Address address) {
  std::string ip = address.family() == netutil::Family::kUnix ? "0.0.0.0" : address.ip();
  core_->serve(std::move(stream), std::move(ip));
  co_return;
}

}  // namespace tornado::httpserver
