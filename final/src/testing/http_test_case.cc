#include <tornado/testing.h>

#include <stdexcept>

#include "testing/authority.h"

namespace tornado::testing {

// ---- AsyncHTTPTestCase --------------------------------------------------------------------------

App AsyncHTTPTestCase::make_app(std::vector<web::URLSpec> handlers, web::Settings settings) {
  return std::make_unique<web::Application>(std::move(handlers), std::move(settings));
}

void AsyncHTTPTestCase::SetUp() {
  AsyncTestCase::SetUp();
  auto [socket, port] = bind_unused_port();
  app_ = get_app();
  http_server = get_http_server(*app_);
  http_client.close();  // the next one is made as configure() now says
  http_client = get_http_client();
  http_server->add_socket(std::move(socket));
}

void AsyncHTTPTestCase::TearDown() {
  close_server();
  AsyncTestCase::TearDown();
}

void AsyncHTTPTestCase::close_server() {
  if (http_server == nullptr) return;
  http_server->stop();
  gen_test([this] { return http_server->close_all_connections(); });
  http_client.close();
  http_server.reset();
}

AsyncHTTPTestCase::~AsyncHTTPTestCase() {
  http_server.reset();
  close_loop();  // frames of handlers may hold on to the application
}

httpserver::HTTPServerOptions AsyncHTTPTestCase::get_httpserver_options() {
  return {};
}

std::unique_ptr<httpserver::HTTPServer> AsyncHTTPTestCase::get_http_server(
    httputil::HTTPServerConnectionDelegate& app) {
  return std::make_unique<httpserver::HTTPServer>(app, get_httpserver_options());
}

httpclient::AsyncHTTPClient AsyncHTTPTestCase::get_http_client() {
  return {};
}

std::string AsyncHTTPTestCase::get_protocol() {
  return "http";
}

std::uint16_t AsyncHTTPTestCase::get_http_port() const {
  if (http_server == nullptr) {
    throw std::logic_error("there is no server: AsyncHTTPTestCase::SetUp() was not called");
  }
  return http_server->port();
}

std::string AsyncHTTPTestCase::get_url(std::string_view path) {
  return get_protocol() + "://127.0.0.1:" + std::to_string(get_http_port()) + std::string(path);
}

httpclient::HTTPResponse AsyncHTTPTestCase::fetch(std::string path, bool raise_error) {
  return fetch(httpclient::HTTPRequest(std::move(path)), raise_error);
}

httpclient::HTTPResponse AsyncHTTPTestCase::fetch(httpclient::HTTPRequest request,
                                                  bool raise_error) {
  if (!request.url.starts_with("http://") && !request.url.starts_with("https://")) {
    request.url = get_url(request.url);
  }
  httpclient::HTTPResponse response;
  // NOLINTNEXTLINE(cppcoreguidelines-avoid-capturing-lambda-coroutines): gen_test() waits for it
  gen_test([&]() -> Future<void> {
    response = co_await http_client.fetch(std::move(request), raise_error);
  });
  return response;
}

// ---- AsyncHTTPSTestCase -------------------------------------------------------------------------

namespace {

struct ThrowAway {
  Authority authority{"Throw-away authority of a test"};
  Identity localhost = authority.issue();
};

// Made once, because making keys takes time.
const ThrowAway& throw_away() {
  static const ThrowAway one;
  return one;
}

}  // namespace

ssl::SSLOptions AsyncHTTPSTestCase::default_ssl_options() {
  ssl::SSLOptions options;
  options.certfile = throw_away().localhost.file;
  return options;
}

const std::string& AsyncHTTPSTestCase::authority_file() {
  return throw_away().authority.file();
}

ssl::SSLOptions AsyncHTTPSTestCase::get_ssl_options() {
  return default_ssl_options();
}

httpserver::HTTPServerOptions AsyncHTTPSTestCase::get_httpserver_options() {
  httpserver::HTTPServerOptions options;
  options.ssl_options = ssl::SSLContext(get_ssl_options());
  return options;
}

httpclient::AsyncHTTPClient AsyncHTTPSTestCase::get_http_client() {
  httpclient::ClientOptions options;
  options.defaults.ca_certs = authority_file();
  return {httpclient::force_instance, options};
}

std::string AsyncHTTPSTestCase::get_protocol() {
  return "https";
}

}  // namespace tornado::testing
