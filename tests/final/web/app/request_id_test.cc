// The id of a request: from the client or made here, in the response, the log, and other requests.
#include <gmock/gmock.h>
#include <tornado/gen.h>
#include <tornado/httpclient.h>
#include <tornado/web.h>
#include <tornado/websocket.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../../http/server/server_test_tools.h"

namespace tornado::web {
namespace {

using test::Client;
using test::get;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

struct IdHandler : RequestHandler {
  void get() {
    if (request.path == "/error") throw HTTPError(418);
    write("id " + request.request_id() + ".");
    EXPECT_EQ(request.request_id(), request.request_id());
  }
};

// Fetches /id of its own server.
struct FetchingHandler : RequestHandler {
  Future<void> get() {
    httpclient::HTTPRequest inner("http://" + request.host + "/id");
    inner.pass_request_id = get_argument("pass") == "1";
    if (const auto own = get_argument("own", std::nullopt)) {
      inner.headers.set("X-Request-ID", *own);
    }
    const httpclient::AsyncHTTPClient client;
    Future<httpclient::HTTPResponse> fetching = client.fetch(inner);
    const httpclient::HTTPResponse response = co_await fetching;
    write("inner " + response.body);
  }
};

// Fetches /id in the callback of another fetch.
struct CallbackHandler : RequestHandler {
  Future<void> get() {
    const std::string address = "http://" + request.host + "/id";
    const httpclient::AsyncHTTPClient client;
    std::optional<Future<httpclient::HTTPResponse>> inner;
    httpclient::HTTPRequest outer(address);
    outer.streaming_callback = [&](const std::string& /*piece*/) {
      if (inner) return;
      httpclient::HTTPRequest again(address);
      again.pass_request_id = true;
      inner = client.fetch(std::move(again));
    };
    Future<httpclient::HTTPResponse> fetching = client.fetch(std::move(outer));
    co_await fetching;
    const httpclient::HTTPResponse response = co_await *inner;
    write("inner " + response.body);
  }
};

// A fallback that fetches /id of its own server.
Future<void> relay(httputil::HTTPServerRequest request) {
  httpclient::HTTPRequest inner("http://" + request.host + "/id");
  inner.pass_request_id = true;
  const httpclient::AsyncHTTPClient client;
  Future<httpclient::HTTPResponse> fetching = client.fetch(inner);
  const httpclient::HTTPResponse response = co_await fetching;
  test::answer(*request.connection, "inner " + response.body);
}

struct SilentSocket : websocket::WebSocketHandler {
  void on_message(websocket::Message /*message*/) {}
};

class RequestIdTest : public ::testing::Test {
 protected:
  void serve(bool request_ids = true) {
    Settings settings;
    settings.request_ids = request_ids;
    app_.emplace(
        std::vector<Rule>{
            url<IdHandler>("/id"), url<IdHandler>("/error"), url<FetchingHandler>("/fetch"),
            url<CallbackHandler>("/callback"), url<SilentSocket>("/socket"),
            url<FallbackHandler>(
                "/old", {.fallback = [](auto request) { gen::spawn(relay(std::move(request))); }})},
        std::move(settings));
    port_ = app_->listen(0, "127.0.0.1").port();
  }
  // Returns the response to one request.
  std::string ask(std::string_view path, std::string_view fields, std::string_view end) {
    Client client(loop_, port_);
    client.send(get(path, fields));
    return client.until(end);
  }
  std::string address() const { return "Host: 127.0.0.1:" + std::to_string(port_) + "\r\n"; }

  test::LogLines log_;
  ioloop::IOLoop loop_;
  std::optional<Application> app_;
  std::uint16_t port_ = 0;
};

TEST_F(RequestIdTest, a_well_formed_id_of_the_client_is_kept) {
  serve();
  for (const std::string id :
       {"a", "0f8fad5b-d9cd-469f-a165-70867728950e", "Root=1-67:x/y+z~_@."}) {
    const std::string response = ask("/id", "X-Request-ID: " + id + "\r\n", "id " + id + ".");
    EXPECT_THAT(response, HasSubstr("\r\nX-Request-Id: " + id + "\r\n"));
    EXPECT_EQ(log_.count("ms " + id), 1U);
  }
}

TEST_F(RequestIdTest, any_other_value_is_replaced_by_a_new_one) {
  serve();
  std::vector<std::string> fields = {"",
                                     "X-Request-ID: \r\n",
                                     "X-Request-ID: two words\r\n",
                                     "X-Request-ID: \"a\"\r\n",
                                     "X-Request-ID: \xC3\xA9\r\n",
                                     "X-Request-ID: " + std::string(129, 'a') + "\r\n"};
  std::vector<std::string> ids;
  for (const std::string& field : fields) {
    const std::string response = ask("/id", field, "id ");
    const auto at = response.rfind("id ") + 3;
    ids.push_back(response.substr(at));
    EXPECT_THAT(ids.back(), MatchesRegex("[0-9a-f]{32}\\.")) << field;
  }
  std::sort(ids.begin(), ids.end());
  EXPECT_EQ(std::unique(ids.begin(), ids.end()), ids.end());
}

TEST_F(RequestIdTest, error_pages_have_it_too) {
  serve();
  EXPECT_THAT(ask("/error", "X-Request-ID: abc\r\n", "</html>"),
              HasSubstr("X-Request-Id: abc\r\n"));
  EXPECT_THAT(ask("/none", "X-Request-ID: abc\r\n", "</html>"), HasSubstr("X-Request-Id: abc\r\n"));
}

TEST_F(RequestIdTest, without_the_setting_only_the_handler_knows_it) {
  serve(false);
  const std::string response = ask("/id", "X-Request-ID: abc\r\n", "id abc.");
  EXPECT_THAT(response, Not(HasSubstr("X-Request-Id")));
  EXPECT_EQ(log_.count("abc"), 0U);
}

TEST_F(RequestIdTest, the_client_passes_it_on_when_asked) {
  serve();
  const std::string fields = "X-Request-ID: outer\r\n";
  Client client(loop_, port_);
  const auto fetch = [&](const std::string& query) {
    client.take();
    client.send("GET /fetch?" + query + " HTTP/1.1\r\n" + address() + fields + "\r\n");
    return client.until("inner id ");
  };
  EXPECT_THAT(fetch("pass=1"), HasSubstr("inner id outer."));
  EXPECT_THAT(fetch("pass=0"), Not(HasSubstr("inner id outer.")));
  EXPECT_THAT(fetch("pass=1&own=mine"), HasSubstr("inner id mine."));
}

TEST_F(RequestIdTest, a_fallback_passes_it_on_too) {
  serve();
  Client client(loop_, port_);
  client.send("GET /old HTTP/1.1\r\n" + address() + "X-Request-ID: outer\r\n\r\n");
  EXPECT_THAT(client.until("inner id "), HasSubstr("inner id outer."));
}

TEST_F(RequestIdTest, a_callback_of_a_fetch_passes_it_on_too) {
  serve();
  Client client(loop_, port_);
  client.send("GET /callback HTTP/1.1\r\n" + address() + "X-Request-ID: outer\r\n\r\n");
  EXPECT_THAT(client.until("inner id "), HasSubstr("inner id outer."));
}

TEST_F(RequestIdTest, the_response_to_a_handshake_has_it) {
  serve();
  const std::string response =
      ask("/socket",
          "X-Request-ID: abc\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
          "\r\n\r\n");
  EXPECT_THAT(response, HasSubstr("HTTP/1.1 101 "));
  EXPECT_THAT(response, HasSubstr("X-Request-Id: abc\r\n"));
}

TEST_F(RequestIdTest, outside_of_a_handler_there_is_none_to_pass_on) {
  serve();
  httpclient::HTTPRequest request("http://127.0.0.1:" + std::to_string(port_) + "/id");
  request.pass_request_id = true;
  const auto response = loop_.run_sync([&]() -> Future<httpclient::HTTPResponse> {
    const httpclient::AsyncHTTPClient client;
    return client.fetch(request);
  });
  EXPECT_THAT(response.body, MatchesRegex("id [0-9a-f]{32}\\."));
}

}  // namespace
}  // namespace tornado::web
