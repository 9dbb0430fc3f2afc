// TE-01 AsyncHTTPTestCase, AsyncHTTPSTestCase.
#include <gmock/gmock.h>
#include <tornado/httpserver.h>

#include <stdexcept>

#include "nested.h"

namespace tornado::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Hello : web::RequestHandler {
  void get() { write("Hello, " + get_argument("name", "world")); }
  void post() { write("posted " + request.body); }
};
struct Slow : web::RequestHandler {
  Future<void> get() {
    co_await gen::sleep(3600);
    write("after an hour");
  }
};
struct Broken : web::RequestHandler {
  void get() { throw std::runtime_error("broken"); }
};

struct HelloTest : AsyncHTTPTestCase {
  using AsyncHTTPTestCase::AsyncHTTPTestCase;
  using AsyncHTTPTestCase::fetch;
  using AsyncHTTPTestCase::http_client;
  App get_app() override {
    return make_app({web::url<Hello>("/"), web::url<Slow>("/slow"), web::url<Broken>("/broken")});
  }
};
struct VirtualHelloTest : HelloTest {
  VirtualHelloTest() : HelloTest(Time::kVirtual) {}
};

// TE-01
TEST_F(HelloTest, fetches_a_path_or_an_url) {
  EXPECT_EQ(fetch("/?name=you").body, "Hello, you");
  EXPECT_EQ(fetch(get_url("/")).body, "Hello, world");
  EXPECT_EQ(get_url("/x"), "http://127.0.0.1:" + std::to_string(get_http_port()) + "/x");
  httpclient::HTTPRequest request("/", "POST");
  request.body = "this";
  EXPECT_EQ(fetch(request).body, "posted this");
}

// TE-01
TEST_F(HelloTest, raises_errors_if_asked) {
  EXPECT_EQ(fetch("/none").code, 404);
  EXPECT_THROW(fetch("/none", true), httpclient::HTTPClientError);
}

// TE-01
TEST_F(HelloTest, expects_a_log) {
  const ExpectLog expected(log::app_log, "Uncaught exception GET /broken");
  EXPECT_EQ(fetch("/broken").code, 500);
}

// TE-01
GEN_TEST(HelloTest, fetches_in_a_coroutine) {
  EXPECT_EQ((co_await http_client.fetch(get_url("/"))).body, "Hello, world");
  const auto response = co_await http_client.fetch(get_url("/?name=again"));
  EXPECT_EQ(response.body, "Hello, again");
  EXPECT_EQ(http_server->connection_count(), 1U);
}

// TE-01
TEST_F(HelloTest, fetches_with_a_callback) {
  http_client.fetch(get_url("/"), [this](httpclient::HTTPResponse r) { stop(std::move(r)); });
  EXPECT_EQ(wait<httpclient::HTTPResponse>().body, "Hello, world");
}

// TE-01
TEST_F(VirtualHelloTest, an_hour_takes_no_time) {
  httpclient::HTTPRequest request("/slow");
  request.request_timeout = 0;
  const double start = io_loop.time();
  EXPECT_EQ(fetch(request).body, "after an hour");
  EXPECT_GE(io_loop.time(), start + 3600);
}

// TE-01
TEST(AsyncHTTPTestCase, handlers_that_wait_end_with_the_test) {
  EXPECT_EQ(report_of<HelloTest>([](auto& test) {
              httpclient::HTTPRequest request("/slow");
              request.request_timeout = 0.02;
              EXPECT_THROW(test.fetch(request), httpclient::HTTPTimeoutError);
            }),
            "");
}

struct MemberTest : HelloTest {
  MemberTest() : other_server(other_app) { other_server.listen(0, "127.0.0.1"); }
  web::Application other_app{{web::url<Hello>("/")}};
  httpserver::HTTPServer other_server;
  httpclient::AsyncHTTPClient other_client{httpclient::force_instance};
};
// TE-01
TEST(AsyncHTTPTestCase, members_may_own_servers_and_clients) {
  EXPECT_EQ(report_of<MemberTest>([](Nested<MemberTest>& test) {
              const std::string url =
                  "http://127.0.0.1:" + std::to_string(test.other_server.port()) + "/";
              test.gen_test([&]() -> Future<void> {
                EXPECT_EQ((co_await test.other_client.fetch(url)).body, "Hello, world");
              });
            }),
            "");
}

struct NoSetUp : HelloTest {
  void SetUp() override {}
};
// TE-01
TEST(AsyncHTTPTestCase, says_that_set_up_was_not_called) {
  EXPECT_EQ(report_of<NoSetUp>([](auto& test) { EXPECT_THROW(test.fetch("/"), std::logic_error); }),
            "");
}

struct NoTearDown : HelloTest {
  void TearDown() override {}
};
// TE-01
TEST(AsyncHTTPTestCase, says_that_tear_down_was_not_called) {
  EXPECT_THAT(report_of<NoTearDown>([](auto& test) { EXPECT_EQ(test.fetch("/").code, 200); }),
              HasSubstr("AsyncTestCase::TearDown() was not called"));
}

// Every method that Tornado's test case lets a class override.
struct OtherServerTest : HelloTest {
  httpserver::HTTPServerOptions get_httpserver_options() override {
    httpserver::HTTPServerOptions options;
    options.protocol = "gopher";
    return options;
  }
  std::unique_ptr<httpserver::HTTPServer> get_http_server(
      httputil::HTTPServerConnectionDelegate& /*app*/) override {
    return std::make_unique<httpserver::HTTPServer>(
        [](httputil::HTTPServerRequest request) {
          httputil::HTTPHeaders headers;
          headers.add("Content-Length", std::to_string(request.protocol.size()));
          request.connection->write_headers({"", 200, "OK"}, headers, request.protocol);
          request.connection->finish();
        },
        get_httpserver_options());
  }
  httpclient::AsyncHTTPClient get_http_client() override {
    httpclient::ClientOptions options;
    options.max_body_size = 4;
    return {httpclient::force_instance, options};
  }
};
// TE-01
TEST_F(OtherServerTest, takes_another_server_and_client) {
  EXPECT_THROW(fetch("/"), httpclient::HTTPClientError);  // six bytes
  const httpclient::AsyncHTTPClient client;
  const auto response = io_loop.run_sync([&] { return client.fetch(get_url("/")); });
  EXPECT_EQ(response.body, "gopher");
}

// ---- TLS ----------------------------------------------------------------------------------------

struct SecureTest : AsyncHTTPSTestCase {
  App get_app() override { return make_app({web::url<Hello>("/")}); }
};

// TE-01
TEST_F(SecureTest, fetches_over_tls) {
  EXPECT_EQ(get_url("/").substr(0, 8), "https://");
  EXPECT_EQ(fetch("/").body, "Hello, world");
}

// TE-01
GEN_TEST(SecureTest, nobody_else_trusts_the_authority) {
  const httpclient::AsyncHTTPClient stranger(httpclient::force_instance);
  const ExpectLog refused(log::gen_log, "SSL error on", false);
  auto fetching = stranger.fetch(get_url("/"), false);
  co_await gen::detail::settled(fetching);
  EXPECT_NE(fetching.exception(), nullptr);
  httpclient::HTTPRequest request(get_url("/"));
  request.ca_certs = authority_file();
  EXPECT_EQ((co_await stranger.fetch(std::move(request))).body, "Hello, world");
}

}  // namespace
}  // namespace tornado::testing
