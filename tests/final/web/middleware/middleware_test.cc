// Middleware: the order of its hooks, CORS, security headers, the limit on requests.
#include <gmock/gmock.h>
#include <tornado/middleware.h>
#include <tornado/testing.h>
#include <tornado/web.h>
#include <tornado/websocket.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace tornado::web {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> events;

struct PageHandler : RequestHandler {
  void prepare() { events.emplace_back("prepare"); }
  void get() {
    events.emplace_back("get");
    if (get_argument("etag", "") == "no") set_header("Referrer-Policy", "no-referrer");
    write("page");
  }
  void post() { write("posted"); }
};
struct UploadHandler : RequestHandler {
  void data_received(std::string_view) { events.emplace_back("data"); }
  void post() { write("uploaded"); }
};
struct StreamHandler : RequestHandler {
  Future<void> get() {
    for (const char* piece : {"one ", "two"}) {
      write(piece);
      co_await flush();
    }
  }
};
struct TalkHandler : websocket::WebSocketHandler {
  void on_message(std::string_view) {}
};

// Records its hooks; prepare() does what the argument `do` with its name says.
struct Recorder : Middleware {
  explicit Recorder(std::string own_name) : name(std::move(own_name)) {}
  void prepare(RequestHandler& handler) override {
    events.push_back("before " + name);
    if (handler.get_query_argument("finish", "") == name) handler.finish("by " + name);
    if (handler.get_query_argument("throw", "") == name) throw HTTPError(418);
  }
  void transform_head(const httputil::HTTPServerRequest& request, int status_code,
                      httputil::HTTPHeaders& headers) override {
    events.push_back("after " + name);
    headers.add("X-Seen", name + " " + request.path + " " + std::to_string(status_code));
  }
  std::string name;
};

struct MiddlewareTest : testing::AsyncHTTPTestCase {
  MiddlewareTest() : AsyncHTTPTestCase(testing::Time::kVirtual) { events.clear(); }

  App get_app() override {
    Settings settings;
    settings.middleware = middleware();
    settings.xsrf_cookies = with_xsrf;
    return make_app(
        {url<PageHandler>("/"), url<UploadHandler>("/upload"), url<StreamHandler>("/stream"),
         url<TalkHandler>("/talk"), url<RedirectHandler>("/old", {.url = "/"})},
        std::move(settings));
  }
  httpserver::HTTPServerOptions get_httpserver_options() override {
    httpserver::HTTPServerOptions options;
    options.xheaders = true;
    return options;
  }
  virtual std::vector<std::shared_ptr<Middleware>> middleware() {
    return {std::make_shared<Recorder>("a"), std::make_shared<Recorder>("b")};
  }

  httpclient::HTTPResponse ask(std::string path, httputil::HTTPHeaders headers = {},
                               std::string method = "GET") {
    httpclient::HTTPRequest request(std::move(path));
    request.method = std::move(method);
    if (request.method == "POST") request.body = "text";
    request.headers = std::move(headers);
    request.follow_redirects = false;
    return fetch(std::move(request));
  }

  bool with_xsrf = false;
};

TEST_F(MiddlewareTest, the_first_is_the_outermost) {
  const auto response = ask("/");
  EXPECT_EQ(response.body, "page");
  EXPECT_THAT(events, ElementsAre("before a", "before b", "prepare", "get", "after b", "after a"));
  EXPECT_THAT(response.headers.get_list("X-Seen"), ElementsAre("b / 200", "a / 200"));
}

TEST_F(MiddlewareTest, one_that_finishes_skips_what_comes_after_it) {
  EXPECT_EQ(ask("/?finish=a").body, "by a");
  EXPECT_THAT(events, ElementsAre("before a", "after b", "after a"));
  events.clear();
  EXPECT_EQ(ask("/?finish=b").body, "by b");
  EXPECT_THAT(events, ElementsAre("before a", "before b", "after b", "after a"));
}

TEST_F(MiddlewareTest, what_one_throws_becomes_an_error_page) {
  const auto response = ask("/?throw=b");
  EXPECT_EQ(response.code, 418);
  EXPECT_THAT(response.headers.get_list("X-Seen"), ElementsAre("b / 418", "a / 418"));
  EXPECT_THAT(events, ElementsAre("before a", "before b", "after b", "after a"));
}

TEST_F(MiddlewareTest, it_sees_what_no_handler_of_the_program_answers) {
  EXPECT_THAT(ask("/nothing").headers.get_list("X-Seen"),
              ElementsAre("b /nothing 404", "a /nothing 404"));
  EXPECT_THAT(ask("/old").headers.get_list("X-Seen"), ElementsAre("b /old 301", "a /old 301"));
  EXPECT_THAT(ask("/", {}, "DELETE").headers.get_list("X-Seen"), ElementsAre("b / 405", "a / 405"));
}

TEST_F(MiddlewareTest, a_response_in_pieces_passes_once) {
  const auto response = ask("/stream");
  EXPECT_EQ(response.body, "one two");
  EXPECT_THAT(events, ElementsAre("before a", "before b", "after b", "after a"));
}

TEST_F(MiddlewareTest, a_handler_that_takes_its_body_in_pieces_gets_none_if_one_finishes) {
  EXPECT_EQ(ask("/upload", {}, "POST").body, "uploaded");
  EXPECT_THAT(events, ElementsAre("before a", "before b", "data", "after b", "after a"));
  events.clear();
  EXPECT_EQ(ask("/upload?finish=b", {}, "POST").body, "by b");
  EXPECT_THAT(events, ElementsAre("before a", "before b", "after b", "after a"));
}

TEST_F(MiddlewareTest, it_can_refuse_a_handshake) {
  const httputil::HTTPHeaders headers{{"Upgrade", "websocket"}, {"Connection", "Upgrade"}};
  EXPECT_EQ(ask("/talk?throw=a", headers).code, 418);
}

struct MiddlewareBeforeXsrfTest : MiddlewareTest {
  MiddlewareBeforeXsrfTest() { with_xsrf = true; }
};

TEST_F(MiddlewareBeforeXsrfTest, it_comes_before_the_check_of_the_token) {
  EXPECT_EQ(ask("/", {}, "POST").code, 403);
  EXPECT_EQ(ask("/?finish=a", {}, "POST").body, "by a");
}

// ---- CORS

struct CORSTest : MiddlewareTest {
  std::vector<std::shared_ptr<Middleware>> middleware() override {
    CORS::Options options;
    options.allow_origins = {"https://app.example", "http://localhost:8080"};
    options.allow_methods = {"GET", "PUT"};
    options.allow_headers = {"X-One", "X-Two"};
    options.expose_headers = {"X-Three"};
    options.allow_credentials = true;
    return {std::make_shared<CORS>(options), std::make_shared<Recorder>("inner")};
  }
  httpclient::HTTPResponse preflight(const std::string& origin) {
    return ask("/", {{"Origin", origin}, {"Access-Control-Request-Method", "PUT"}}, "OPTIONS");
  }
};

TEST_F(CORSTest, an_allowed_origin_may_read_the_response) {
  for (const std::string origin : {"https://app.example", "http://localhost:8080"}) {
    const auto response = ask("/", {{"Origin", origin}});
    EXPECT_EQ(response.body, "page");
    EXPECT_EQ(response.headers.get("Access-Control-Allow-Origin"), origin);
    EXPECT_EQ(response.headers.get("Access-Control-Allow-Credentials"), "true");
    EXPECT_EQ(response.headers.get("Access-Control-Expose-Headers"), "X-Three");
    EXPECT_EQ(response.headers.get("Vary"), "Origin");
  }
}

TEST_F(CORSTest, it_may_read_error_pages_too) {
  const auto response = ask("/?throw=inner", {{"Origin", "https://app.example"}});
  EXPECT_EQ(response.code, 418);
  EXPECT_EQ(response.headers.get("Access-Control-Allow-Origin"), "https://app.example");
}

TEST_F(CORSTest, other_origins_and_none_may_not) {
  for (const char* origin : {"http://app.example", "https://app.example.evil.example",
                             "https://evil.example", "null", ""}) {
    httputil::HTTPHeaders headers;
    if (*origin != '\0') headers.set("Origin", origin);
    const auto response = ask("/", headers);
    EXPECT_EQ(response.body, "page");
    EXPECT_FALSE(response.headers.contains("Access-Control-Allow-Origin")) << origin;
    EXPECT_FALSE(response.headers.contains("Access-Control-Allow-Credentials")) << origin;
    EXPECT_EQ(response.headers.get("Vary"), "Origin");
  }
}

TEST_F(CORSTest, a_preflight_request_is_answered_before_the_handler) {
  const auto response = preflight("https://app.example");
  EXPECT_EQ(response.code, 204);
  EXPECT_EQ(response.headers.get("Access-Control-Allow-Origin"), "https://app.example");
  EXPECT_EQ(response.headers.get("Access-Control-Allow-Methods"), "GET, PUT");
  EXPECT_EQ(response.headers.get("Access-Control-Allow-Headers"), "X-One, X-Two");
  EXPECT_EQ(response.headers.get("Access-Control-Max-Age"), "600");
  EXPECT_THAT(events, ElementsAre("after inner"));
}

TEST_F(CORSTest, a_preflight_request_of_another_origin_goes_to_the_handler) {
  const auto response = preflight("https://evil.example");
  EXPECT_EQ(response.code, 405);
  EXPECT_FALSE(response.headers.contains("Access-Control-Allow-Methods"));
}

TEST_F(CORSTest, an_ordinary_OPTIONS_goes_to_the_handler) {
  EXPECT_EQ(ask("/", {{"Origin", "https://app.example"}}, "OPTIONS").code, 405);
}

struct OpenCORSTest : MiddlewareTest {
  std::vector<std::shared_ptr<Middleware>> middleware() override {
    return {std::make_shared<CORS>(CORS::Options{.allow_origins = {"*"}})};
  }
};

TEST_F(OpenCORSTest, a_star_allows_all_with_one_response_for_all) {
  const auto response = ask("/", {{"Origin", "https://any.example"}});
  EXPECT_EQ(response.headers.get("Access-Control-Allow-Origin"), "*");
  EXPECT_FALSE(response.headers.contains("Vary"));
  EXPECT_FALSE(response.headers.contains("Access-Control-Allow-Credentials"));
}

TEST(CORSOptions, mistakes_are_refused) {
  EXPECT_THROW(CORS({.allow_origins = {"*"}, .allow_credentials = true}), std::invalid_argument);
  for (const char* origin : {"", "app.example", "https://", "https://app.example/", "://app",
                             "https://*.example", "https://a, https://b"}) {
    EXPECT_THROW(CORS({.allow_origins = {origin}}), std::invalid_argument) << origin;
  }
}

// ---- security headers

struct SecurityHeadersTest : MiddlewareTest {
  std::vector<std::shared_ptr<Middleware>> middleware() override {
    SecurityHeaders::Options strict;
    strict.content_security_policy = "";
    strict.strict_transport_security = 3600;
    return {std::make_shared<SecurityHeaders>(), std::make_shared<SecurityHeaders>(strict)};
  }
};

TEST_F(SecurityHeadersTest, every_response_has_them) {
  for (const char* path : {"/", "/nothing"}) {
    const auto headers = ask(path).headers;
    EXPECT_EQ(headers.get("Content-Security-Policy"), "frame-ancestors 'self'");
    EXPECT_THAT(headers.get_list("X-Content-Type-Options"), ElementsAre("nosniff"));
    EXPECT_EQ(headers.get("Referrer-Policy"), "strict-origin-when-cross-origin");
    EXPECT_THAT(headers.get_list("Strict-Transport-Security"), IsEmpty());
  }
}

TEST_F(SecurityHeadersTest, what_the_handler_has_set_stays) {
  EXPECT_EQ(ask("/?etag=no").headers.get("Referrer-Policy"), "no-referrer");
}

TEST_F(SecurityHeadersTest, https_alone_is_demanded_over_https) {
  const auto response = ask("/", {{"X-Scheme", "https"}});
  EXPECT_EQ(response.headers.get("Strict-Transport-Security"), "max-age=3600");
}

// ---- the limit on requests

struct RateLimitTest : MiddlewareTest {
  std::vector<std::shared_ptr<Middleware>> middleware() override {
    RateLimit::Options options;
    options.per_second = 0.5;
    options.burst = 3;
    options.max_clients = 2;
    return {std::make_shared<RateLimit>(options)};
  }
  int ask_as(const std::string& address) { return ask("/", {{"X-Real-Ip", address}}).code; }
  // Returns how often a client may ask until it is refused.
  int asks_until_refused(const std::string& address) {
    int times = 0;
    while (times < 100 && ask_as(address) == 200) ++times;
    return times;
  }
};

TEST_F(RateLimitTest, a_burst_passes_and_the_rest_waits_for_its_turn) {
  EXPECT_EQ(asks_until_refused("192.0.2.1"), 3);
  const auto refused = ask("/", {{"X-Real-Ip", "192.0.2.1"}});
  EXPECT_EQ(refused.code, 429);
  EXPECT_EQ(refused.headers.get("Retry-After"), "2");
  advance(2);
  EXPECT_EQ(asks_until_refused("192.0.2.1"), 1);
  advance(1000);
  EXPECT_EQ(asks_until_refused("192.0.2.1"), 3);
}

TEST_F(RateLimitTest, each_client_has_its_own) {
  EXPECT_EQ(asks_until_refused("192.0.2.1"), 3);
  EXPECT_EQ(asks_until_refused("192.0.2.2"), 3);
  EXPECT_EQ(ask_as("192.0.2.1"), 429);
}

TEST_F(RateLimitTest, a_network_of_IPv6_is_one_client) {
  EXPECT_EQ(asks_until_refused("2001:db8::1"), 3);
  EXPECT_EQ(ask_as("2001:db8::ffff:1"), 429);
  EXPECT_EQ(asks_until_refused("2001:db8:0:1::1"), 3);
}

TEST_F(RateLimitTest, an_IPv4_address_written_as_IPv6_is_a_client_of_its_own) {
  EXPECT_EQ(asks_until_refused("::ffff:192.0.2.1"), 3);
  EXPECT_EQ(asks_until_refused("::ffff:192.0.2.2"), 3);
}

TEST_F(RateLimitTest, the_client_that_has_been_silent_longest_is_forgotten) {
  EXPECT_EQ(asks_until_refused("192.0.2.1"), 3);
  EXPECT_EQ(ask_as("192.0.2.2"), 200);
  EXPECT_EQ(ask_as("192.0.2.1"), 429);  // it has asked last
  EXPECT_EQ(ask_as("192.0.2.3"), 200);  // in the place of 192.0.2.2
  EXPECT_EQ(ask_as("192.0.2.1"), 429);
  EXPECT_EQ(asks_until_refused("192.0.2.2"), 3);
}

struct KeyedRateLimitTest : MiddlewareTest {
  std::vector<std::shared_ptr<Middleware>> middleware() override {
    RateLimit::Options options;
    options.burst = 1;
    options.key = [](const httputil::HTTPServerRequest& request) {
      return request.headers.get("X-Key");
    };
    return {std::make_shared<RateLimit>(std::move(options))};
  }
};

TEST_F(KeyedRateLimitTest, the_program_names_the_client_that_a_request_counts_for) {
  EXPECT_EQ(ask("/", {{"X-Key", "one"}}).code, 200);
  EXPECT_EQ(ask("/", {{"X-Key", "two"}}).code, 200);
  EXPECT_EQ(ask("/", {{"X-Key", "one"}}).code, 429);
}

TEST(RateLimitOptions, mistakes_are_refused) {
  EXPECT_THROW(RateLimit({.per_second = 0}), std::invalid_argument);
  EXPECT_THROW(RateLimit({.burst = 0.5}), std::invalid_argument);
  EXPECT_THROW(RateLimit({.max_clients = 0}), std::invalid_argument);
}

}  // namespace
}  // namespace tornado::web
