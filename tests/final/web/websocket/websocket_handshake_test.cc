// The opening handshake of a WebSocketHandler, against raw clients.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <tornado/websocket.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "websocket_tools.h"

namespace tornado::websocket {
namespace {

using test::close_frame;
using test::Echo;
using test::Events;
using test::events;
using test::kHandshake;
using test::note;
using test::Noted;
using test::server_close;
using test::server_frame;
using test::server_text;
using test::SocketClient;
using test::text;

class WebSocketHandshakeTest : public test::WebSocketFixture {};

TEST_F(WebSocketHandshakeTest, behaviour_5_1_handshake_and_echo) {
  serve<Echo>();
  SocketClient client = connect();
  EXPECT_NE(client.head.find("\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             "Sec-Websocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
            std::string::npos)
      << client.head;
  EXPECT_NE(client.head.find("\r\nServer: "), std::string::npos);
  EXPECT_NE(client.head.find("\r\nDate: "), std::string::npos);
  EXPECT_EQ(client.head.find("Content-"), std::string::npos) << client.head;
  EXPECT_EQ(client.head.find("Extensions"), std::string::npos) << client.head;
  EXPECT_EQ(log_.count("101 GET / (127.0.0.1)"), 1U);
  EXPECT_EQ(events, (Events{"on_finish", "open"}));
  client.send(text("hello") + test::client_frame(http::Opcode::kBinary, "\xff"));
  client.until(server_text("hello") + server_frame(http::Opcode::kBinary, "\xff"));
}

// Behaviour 5.1, in its order; reliability 1a: no upgrade over HTTP/1.0.
// WS-11
TEST_F(WebSocketHandshakeTest, anything_but_a_handshake_is_refused) {
  serve<Echo>();
  const auto request = [](std::string_view fields, std::string_view line = "GET / HTTP/1.1") {
    return std::string(line) + "\r\nHost: example.com:80\r\n" + std::string(fields) + "\r\n";
  };
  const std::string key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  const std::string version = "Sec-WebSocket-Version: 13\r\n";
  const std::string upgrade = "Upgrade: websocket\r\n";
  const std::string connection = "Connection: keep-alive, UPGRADE\r\n";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {request(connection + version + key),
       "400 Bad Request|Can \"Upgrade\" only to \"WebSocket\"."},
      {request("Upgrade: h2c\r\n" + connection + version + key), "400 Bad Request|Can \"Upgrade\""},
      {request(upgrade + version + key), "400 Bad Request|\"Connection\" must be \"Upgrade\"."},
      {request(upgrade + connection + version + key + "Origin: http://example.com\r\n"),
       "403 Forbidden|Cross origin websockets not allowed"},
      {request(upgrade + connection + version + key + "Origin: null\r\n"), "403 Forbidden|Cross"},
      {request(upgrade + connection + version + key +
               "Sec-WebSocket-Origin: http://evil.example\r\n"),
       "403 Forbidden|Cross"},
      {request(upgrade + connection + key), "426 Upgrade Required|"},
      {request(upgrade + connection + key + "Sec-WebSocket-Version: 14\r\n"),
       "426 Upgrade Required|"},
      {request(upgrade + connection + version),
       "400 Bad Request|Missing/Invalid WebSocket headers"},
      {request(upgrade + connection + version + "Sec-WebSocket-Key: short\r\n"),
       "400 Bad Request|Missing/Invalid WebSocket headers"},
      {request(upgrade + connection + version + key + key), "400 Bad Request|Missing"},
      {request(upgrade + connection + version + key, "GET / HTTP/1.0"), "400 Bad Request|Can"},
      {request(upgrade + connection + version + key + "Content-Length: 0\r\n", "POST / HTTP/1.1"),
       "405 Method Not Allowed|"},
  };
  for (const auto& [sent, expected] : cases) {
    const std::string answer = ask(sent);
    const std::size_t bar = expected.find('|');
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + expected.substr(0, bar))) << sent << answer;
    EXPECT_NE(answer.find("\r\n\r\n" + expected.substr(bar + 1)), std::string::npos) << answer;
    if (expected.starts_with("426")) {
      EXPECT_NE(answer.find("Sec-Websocket-Version: 7, 8, 13\r\n"), std::string::npos) << answer;
      EXPECT_NE(answer.find("Content-Length: 0\r\n"), std::string::npos) << answer;
      EXPECT_NE(answer.find("Upgrade: websocket\r\n"), std::string::npos) << answer;
      EXPECT_NE(answer.find("Connection: Upgrade\r\n"), std::string::npos) << answer;
    }
  }
  for (const char* good : {"Origin: http://Example.com:80\r\n", "Sec-WebSocket-Version: 13\r\n",
                           "Origin: https://example.com:80\r\n"}) {
    const std::string answer = ask(
        request(upgrade + connection + key + good +
                (std::string_view(good).find("Version") == std::string_view::npos ? version : "")));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 101 ")) << good << answer;
  }
}

struct Versions : Echo {
  void open() { note(std::to_string(get_websocket_protocol())); }
};

// WS-09 WS-11
TEST_F(WebSocketHandshakeTest, versions) {
  serve<Versions>();
  for (const char* version : {"7", "8", "13"}) {
    const std::string answer =
        ask("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: "
            "WebSocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "Sec-WebSocket-Version: " +
            std::string(version) + "\r\n\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 101 ")) << answer;
  }
  std::erase_if(events, [](const std::string& event) { return event.size() > 2; });
  EXPECT_EQ(events, (Events{"7", "8", "13"}));
}

struct Delaying : Echo {
  void open() {
    if (request.path == "/delay") set_nodelay(false);
    note("open");
  }
};

// Returns whether small messages leave at once on the server's end of its connection: the only
// socket of this process with the server's port and a peer.
std::optional<bool> is_nodelay(int port) {
  for (int fd = 0; fd < 1024; ++fd) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    auto* name = reinterpret_cast<sockaddr*>(&address);
    if (::getsockname(fd, name, &size) != 0 || address.sin_family != AF_INET) continue;
    if (ntohs(address.sin_port) != port || ::getpeername(fd, name, &size) != 0) continue;
    int value = 0;
    size = sizeof value;
    EXPECT_EQ(::getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, &size), 0);
    return value != 0;
  }
  return std::nullopt;
}

// WS-09
TEST_F(WebSocketHandshakeTest, set_nodelay_is_on_unless_it_is_turned_off) {
  serve<Delaying>();
  for (const bool nodelay : {true, false}) {
    SocketClient client = connect(nodelay ? "/" : "/delay");
    until_events(1);
    EXPECT_EQ(is_nodelay(server_->port()), nodelay);
    client.close();
    test::run_until(loop_, [this] { return !is_nodelay(server_->port()).has_value(); });
    events.clear();
  }
}

struct AnyOrigin : Echo {
  bool check_origin(const std::string& origin) override {
    note(origin);
    return origin != "http://evil.example";
  }
};

// WS-05
TEST_F(WebSocketHandshakeTest, check_origin_is_the_programs_and_is_not_asked_without_one) {
  serve<AnyOrigin>();
  connect("/", "Origin: http://other.example\r\n");
  EXPECT_EQ(events.front(), "http://other.example");
  EXPECT_TRUE(ask(test::get("/", std::string(kHandshake) + "Origin: http://evil.example\r\n"))
                  .starts_with("HTTP/1.1 403"));
  for (const char* field : {"Origin", "Sec-WebSocket-Origin"}) {
    const std::string twice =
        std::string(field) + ": http://evil.example\r\n" + field + ": http://a\r\n";
    events.clear();
    EXPECT_TRUE(ask(test::get("/", std::string(kHandshake) + twice)).starts_with("HTTP/1.1 403"));
    EXPECT_EQ(events, Events{"on_finish"}) << field;
  }
  events.clear();
  connect();
  EXPECT_EQ(events.front(), "on_finish");
}

struct Protocols : Echo {
  std::optional<std::string> select_subprotocol(const std::vector<std::string>& offered) override {
    for (const auto& name : offered) note("offer " + name);
    if (request.path == "/wrong") return "unheard-of";
    return offered.empty() ? std::nullopt : std::optional(offered.back());
  }
  void open() { note("selected " + selected_subprotocol().value_or("none")); }
};

// WS-06
TEST_F(WebSocketHandshakeTest, subprotocols) {
  serve<Protocols>();
  SocketClient client =
      connect("/", "Sec-WebSocket-Protocol: a, b\r\nSec-WebSocket-Protocol: c\r\n");
  EXPECT_NE(client.head.find("\r\nSec-Websocket-Protocol: c\r\n"), std::string::npos);
  EXPECT_EQ(events, (Events{"offer a", "offer b", "offer c", "on_finish", "selected c"}));
  events.clear();
  EXPECT_EQ(connect().head.find("Sec-Websocket-Protocol"), std::string::npos);
  EXPECT_EQ(events, (Events{"on_finish", "selected none"}));
  EXPECT_TRUE(ask(test::get("/wrong", std::string(kHandshake) + "Sec-WebSocket-Protocol: a\r\n"))
                  .starts_with("HTTP/1.1 500"));
}

struct Room : Noted {
  struct Init {
    int base = 0;
  };
  void initialize(const Init& init) { base_ = init.base; }
  Future<void> prepare() {
    co_await gen::moment;
    if (request.path == "/room/403") throw web::HTTPError(403);
    if (request.path == "/room/404") finish("prepared");
  }
  void open(int number) { note("open " + std::to_string(base_ + number)); }
  void on_message(std::string message) { write_message(message); }
  int base_ = 0;
};

// WS-01
TEST_F(WebSocketHandshakeTest, open_takes_the_captures_and_prepare_may_refuse) {
  app_.emplace(std::vector<web::URLSpec>{web::url<Room>("/room/(\\w+)", {.base = 1000})});
  server_ = &app_->listen(0, "127.0.0.1");
  connect("/room/7");
  EXPECT_EQ(events.back(), "open 1007");
  EXPECT_TRUE(ask(test::get("/room/403", kHandshake)).starts_with("HTTP/1.1 403"));
  EXPECT_TRUE(ask(test::get("/room/404", kHandshake)).ends_with("prepared"));
  EXPECT_TRUE(ask(test::get("/room/x", kHandshake)).starts_with("HTTP/1.1 404"));
  EXPECT_THROW(web::url<Room>("/no/group"), std::invalid_argument);
}

struct NoOutput : Echo {
  void prepare() { set_header("X-Prepared", "yes"); }
  void open() {
    const auto refused = [](auto call) {
      try {
        call();
      } catch (const std::runtime_error& error) {
        return std::string_view(error.what()) == "Method not supported for Web Sockets";
      }
      return false;
    };
    EXPECT_TRUE(refused([&] { write("text"); }));
    EXPECT_TRUE(refused([&] { finish(); }));
    EXPECT_TRUE(refused([&] { finish("text"); }));
    EXPECT_TRUE(refused([&] { flush(); }));
    EXPECT_TRUE(refused([&] { set_header("A", "b"); }));
    EXPECT_TRUE(refused([&] { set_status(200); }));
    EXPECT_TRUE(refused([&] { redirect("/"); }));
    note("refused");
  }
};

// WS-10
TEST_F(WebSocketHandshakeTest, no_response_after_the_handshake) {
  serve<NoOutput>();
  EXPECT_NE(connect().head.find("X-Prepared: yes"), std::string::npos);
  EXPECT_EQ(events.back(), "refused");
}

// The response is released with the handshake; the request is not.
struct AskedLater : Echo {
  void open(const std::string& /*captured*/) {}
  void on_message(std::string_view) {
    EXPECT_EQ(get_status(), 101);
    EXPECT_EQ(path_args().size(), 1u);
    EXPECT_TRUE(path_kwargs().empty());
    EXPECT_EQ(request.headers.get("Sec-WebSocket-Version"), "13");
    EXPECT_EQ(request.headers.get("Host"), request.host);
    EXPECT_TRUE(headers().empty());
    add_header("Too", "late");
    EXPECT_EQ(headers().get("Too"), "late");
    clear_header("Too");
    EXPECT_TRUE(headers().empty());
    write_message(*path_args().front());
  }
};

// WS-10
TEST_F(WebSocketHandshakeTest, what_an_open_socket_can_be_asked_for) {
  app_.emplace(std::vector<web::URLSpec>{web::url<AskedLater>("/(\\w+)")});
  server_ = &app_->listen(0, "127.0.0.1");
  test::Client client(loop_, server_->port());
  client.send(test::get("/captured", kHandshake) + text("?"));
  client.until(server_text("captured"));
}

TEST_F(WebSocketHandshakeTest, bytes_that_come_with_the_handshake_and_byte_by_byte) {
  serve<Echo>();
  test::Client eager(loop_, server_->port());
  eager.send(test::get("/", kHandshake) + text("early") + text("bird"));
  eager.until(server_text("early") + server_text("bird"));
  test::Client slow(loop_, server_->port());
  for (const char c : test::get("/", kHandshake) + text("crawling") + close_frame(1000)) {
    slow.send({&c, 1});
    some_rounds();
  }
  EXPECT_TRUE(slow.until_end().ends_with(server_text("crawling") + server_close(1000)));
}

}  // namespace
}  // namespace tornado::websocket
