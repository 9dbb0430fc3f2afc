// Requests that exceed a limit of the server, over real sockets: their responses are the
// application's error pages, and each has its line in the access log.
#include <tornado/middleware.h>
#include <tornado/web.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../../http/gzip_tool.h"
#include "../../http/server/server_test_tools.h"

namespace tornado::web {
namespace {

class RefusedRequestTest : public ::testing::Test {
 protected:
  RefusedRequestTest() {
    options_.max_body_size = 10;
    options_.max_header_size = 500;
    options_.decompress_request = true;
    hooks.clear();
  }
  void serve(std::vector<URLSpec> routes, Settings settings = {}) {
    app_.emplace(std::move(routes), std::move(settings));
    port_ = app_->listen(0, "127.0.0.1", options_).port();
  }
  // Returns all that the server sends until it closes, although the client does not.
  std::string exchange(std::string_view request) {
    test::Client client(loop_, port_);
    client.send(request);
    client.until_end();
    EXPECT_FALSE(client.was_reset);
    return client.take();
  }
  static std::string post(std::string_view fields, std::string_view body) {
    return "POST /page/7 HTTP/1.1\r\nHost: x\r\n" + std::string(fields) + "\r\n\r\n" +
           std::string(body);
  }

  static std::vector<std::string> hooks;
  httpserver::HTTPServerOptions options_;
  test::LogLines log_;
  ioloop::IOLoop loop_;
  std::optional<Application> app_;
  std::uint16_t port_ = 0;
};
std::vector<std::string> RefusedRequestTest::hooks;

struct RefusedPage : RequestHandler {
  struct Init {
    std::vector<std::string>* hooks;
  };
  void initialize(const Init& init) { hooks = init.hooks; }
  void prepare() { hooks->push_back("prepare"); }
  void post(const std::string& number) { hooks->push_back("post " + number); }
  void write_error(int status_code, const ErrorInfo&) override {
    const std::string number = path_args().empty() ? "-" : path_args()[0].value_or("?");
    finish("page " + std::to_string(status_code) + " of " + number + " body [" + request.body +
           "]");
  }
  void on_finish() override { hooks->push_back("on_finish"); }
  void on_connection_close() override { hooks->push_back("on_connection_close"); }
  std::vector<std::string>* hooks = nullptr;
};

TEST_F(RefusedRequestTest, a_body_over_the_limit_is_a_413_of_its_handler) {
  serve({url<RefusedPage>("/page/(.*)", {.hooks = &hooks})});
  const std::string zipped = test::gzip(std::string(1000, 'x'));
  options_.max_body_size = zipped.size();
  const std::uint16_t unzipping = app_->listen(0, "127.0.0.1", options_).port();
  const std::vector<std::string> requests = {
      post("Content-Length: 11", "01234567890"),
      post("Content-Length: 11", ""),
      post("Content-Length: 11\r\nExpect: 100-continue", ""),
      post("Content-Length: 100000", std::string(100'000, 'x')),
      post("Transfer-Encoding: chunked", "6\r\n012345\r\n5\r\n67890\r\n0\r\n\r\n"),
      post("Content-Encoding: gzip\r\nContent-Length: " + std::to_string(zipped.size()), zipped),
  };
  for (const std::string& request : requests) {
    if (&request == &requests.back()) port_ = unzipping;
    hooks.clear();
    const std::string reply = exchange(request);
    EXPECT_TRUE(reply.starts_with("HTTP/1.1 413 Request Entity Too Large\r\nServer: ")) << reply;
    EXPECT_NE(reply.find("\r\nConnection: close\r\n"), reply.npos) << reply;
    EXPECT_TRUE(reply.ends_with("\r\n\r\npage 413 of 7 body []")) << reply;
    EXPECT_EQ(hooks, std::vector<std::string>{"on_finish"});
  }
  EXPECT_EQ(log_.count("413 POST /page/7 (127.0.0.1): Content-Length too long"), 4U);
  EXPECT_EQ(log_.count("413 POST /page/7 (127.0.0.1): chunked body too large"), 1U);
  EXPECT_EQ(log_.count("413 POST /page/7 (127.0.0.1): the decompressed body is too long"), 1U);
  EXPECT_EQ(log_.count("413 POST /page/7 (127.0.0.1)"), 12U) << log_.text();  // access log too
}

// The head was not read, so the page is that of the application, as for a path without a rule.
TEST_F(RefusedRequestTest, a_head_over_the_limit_is_a_431_or_414_of_the_default_handler) {
  Settings settings;
  settings.default_handler_class = handler<RefusedPage>({.hooks = &hooks});
  serve({}, settings);
  const std::string large = exchange(test::get("/a?b", "X: " + std::string(500, 'x') + "\r\n"));
  EXPECT_TRUE(large.starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n")) << large;
  EXPECT_TRUE(large.ends_with("\r\n\r\npage 431 of - body []")) << large;
  const std::string target = exchange(test::get("/" + std::string(500, 'x')));
  EXPECT_TRUE(target.starts_with("HTTP/1.1 414 Request-URI Too Long\r\n")) << target;
  EXPECT_TRUE(target.ends_with("\r\n\r\npage 414 of - body []")) << target;
  EXPECT_EQ(hooks, (std::vector<std::string>{"on_finish", "on_finish"}));
  EXPECT_EQ(log_.count("431 GET /a?b (127.0.0.1)"), 2U) << log_.text();  // a reason, and access
  EXPECT_EQ(log_.count("414 GET /xxx"), 2U) << log_.text();
}

TEST_F(RefusedRequestTest, without_a_default_handler_it_is_the_usual_error_page) {
  options_.max_header_fields = 2;
  serve({});
  const std::string reply = exchange(test::get("/", "A: 1\r\nB: 2\r\n"));
  EXPECT_TRUE(
      reply.ends_with("<html><title>431: Request Header Fields Too Large</title>"
                      "<body>431: Request Header Fields Too Large</body></html>"))
      << reply;
  EXPECT_EQ(log_.count("431 GET / (127.0.0.1): too many header fields"), 1U);
}

TEST_F(RefusedRequestTest, middleware_sees_it_and_may_respond_itself) {
  struct Refuses : Middleware {
    void prepare(RequestHandler& handler) override {
      if (handler.request.headers.contains("X-Refuse")) throw HTTPError(429);
    }
  };
  Settings settings;
  settings.middleware = {std::make_shared<SecurityHeaders>(), std::make_shared<Refuses>()};
  serve({url<RefusedPage>("/page/(.*)", {.hooks = &hooks})}, settings);
  const std::string page = exchange(post("Content-Length: 11", ""));
  EXPECT_TRUE(page.starts_with("HTTP/1.1 413 ")) << page;
  EXPECT_NE(page.find("\r\nX-Content-Type-Options: nosniff\r\n"), page.npos) << page;
  EXPECT_TRUE(exchange(post("Content-Length: 11\r\nX-Refuse: 1", "")).starts_with("HTTP/1.1 429 "));
}

TEST_F(RefusedRequestTest, a_router_passes_it_on) {
  app_.emplace(std::vector<URLSpec>{url<RefusedPage>("/page/(.*)", {.hooks = &hooks})});
  routing::RuleRouter router({{"/page/.*", *app_}});
  httpserver::HTTPServer server(router, options_);
  server.listen(0, "127.0.0.1");
  port_ = server.port();
  EXPECT_TRUE(exchange(post("Content-Length: 11", "")).ends_with("page 413 of 7 body []"));
  // No rule was asked before the head was complete, so no application has a page for this.
  EXPECT_EQ(exchange(test::get("/" + std::string(500, 'x'))),
            "HTTP/1.1 414 Request-URI Too Long\r\nConnection: close\r\n\r\n");
}

struct RefusedStream : RefusedPage {
  void data_received(std::string_view) { hooks->push_back("data"); }
};

TEST_F(RefusedRequestTest, a_handler_that_reads_pieces_ends_with_its_error_page) {
  serve({url<RefusedStream>("/page/(.*)", {.hooks = &hooks})});
  EXPECT_TRUE(exchange(post("Content-Length: 11", "x")).ends_with("page 413 of 7 body []"));
  EXPECT_EQ(hooks, (std::vector<std::string>{"prepare", "on_finish"}));
  hooks.clear();
  const std::string reply =
      exchange(post("Transfer-Encoding: chunked", "6\r\n012345\r\n5\r\n67890\r\n0\r\n\r\n"));
  EXPECT_TRUE(reply.ends_with("page 413 of 7 body []")) << reply;
  EXPECT_EQ(hooks, (std::vector<std::string>{"prepare", "data", "on_finish"}));
}

// WX-01: over a real connection, which could be left without a response.
TEST_F(RefusedRequestTest, an_error_without_a_final_status_is_a_500_on_the_wire) {
  struct OddStatus : RequestHandler {
    void get(int status_code) { throw HTTPError(status_code); }
  };
  serve({url<OddStatus>("/(.*)")});
  for (const std::string code : {"-1", "0", "99", "100", "199", "600", "999", "1000"}) {
    const std::string reply = exchange(test::get("/" + code, "Connection: close\r\n"));
    EXPECT_TRUE(reply.starts_with("HTTP/1.1 500 Internal Server Error\r\n")) << code << reply;
    EXPECT_EQ(log_.count("status " + code + " cannot end a response, so 500 is sent"), 1U);
    EXPECT_EQ(log_.count("500 GET /" + code + " "), 1U);
  }
}

}  // namespace
}  // namespace tornado::web
