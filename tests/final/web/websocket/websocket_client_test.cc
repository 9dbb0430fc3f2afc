// websocket_connect() and its connection: against our own server, and against servers that break
// the rules.
#include <tornado/httpclient.h>
#include <tornado/httpserver.h>
#include <tornado/json.h>
#include <tornado/websocket.h>

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "../../http/client/client_test_tools.h"
#include "../../net/tls/tls_test_tools.h"
#include "http/websocket/deflate.h"
#include "http/websocket/handshake.h"
#include "websocket_tools.h"

namespace tornado::websocket {
namespace {

using http::Opcode;
using test::server_close;
using test::server_frame;
using test::server_text;

std::vector<std::string> events;
int living = 0;

struct Served : WebSocketHandler {
  Served() { ++living; }
  ~Served() override { --living; }
  void open() {
    events.push_back("open " + request.path + " " + request.headers.get("X-Own") +
                     request.headers.get("Authorization"));
    if (request.path == "/large") write_message(std::string(8'000'000, 's'), true);
  }
  void on_message(Message message) {
    if (message.data == "close") return close(4001, "as asked");
    if (message.data == "burst") {
      for (int i = 0; i < 5; ++i) write_message("burst " + std::to_string(i));
      return;
    }
    if (message.data == "ping") ping("from the server");
    write_message(message);
  }
  void on_ping(std::string data) { events.push_back("ping " + data); }
  void on_pong(std::string data) { events.push_back("pong " + data); }
  void on_close() { events.push_back("closed " + std::to_string(close_code().value_or(0))); }
  std::optional<std::string> select_subprotocol(const std::vector<std::string>& offered) override {
    return offered.empty() ? std::nullopt : std::optional(offered.back());
  }
  std::optional<CompressionOptions> get_compression_options() override {
    if (request.path == "/plain" || request.path == "/large") return std::nullopt;
    return CompressionOptions();
  }
};

struct Forbidden : web::RequestHandler {
  void get() { throw web::HTTPError(403); }
};

// Opens a WebSocket whose callback uses the handler, and responds.
struct Dialling : web::RequestHandler {
  Dialling() { ++alive; }
  ~Dialling() override { --alive; }
  Future<void> get() {
    WebSocketConnectOptions options;
    options.on_message_callback = [this](const std::optional<Message>& message) {
      heard.push_back(request.path + " " + (message ? message->data : "the end"));
    };
    auto connecting = websocket_connect("ws://" + request.host + "/", options);
    const WebSocketClientConnection connection = co_await connecting;
    connection.write_message("hello");
    write("dialled");
  }

  static inline int alive = 0;
  static inline std::vector<std::string> heard;
};

class WebSocketClientTest : public ::testing::Test {
 protected:
  WebSocketClientTest() {
    events.clear();
    living = 0;
    app_.emplace(std::vector<web::URLSpec>{web::url<Forbidden>("/forbidden"),
                                           web::url<Dialling>("/dial"), web::url<Served>("/.*")});
    server_ = &app_->listen(0, "127.0.0.1");
  }
  std::string url(const std::string& path = "/") const {
    return "ws://127.0.0.1:" + std::to_string(server_->port()) + path;
  }
  WebSocketClientConnection connect(const std::string& path = "/",
                                    const WebSocketConnectOptions& options = {}) {
    return connect_to(url(path), options);
  }
  WebSocketClientConnection connect_to(std::string to, WebSocketConnectOptions options = {}) {
    return test::run(loop_, [&]() { return websocket_connect(to, options); });
  }
  std::optional<Message> read(const WebSocketClientConnection& connection) {
    return test::run(loop_, [&]() { return connection.read_message(); });
  }
  template <class E>
  std::string failure(const std::string& to, const WebSocketConnectOptions& options = {}) {
    try {
      connect_to(to, options);
    } catch (const E& error) {
      return error.what();
    }
    return "it did not fail so";
  }
  void some_rounds() {
    test::run_until(loop_, [n = 0]() mutable { return ++n > 5; });
  }

  test::LogLines log_;
  std::deque<test::RawServer> raw_;  // outlive the frames that the loop frees
  ioloop::IOLoop loop_;
  std::optional<web::Application> app_;
  httpserver::HTTPServer* server_ = nullptr;
};

// ---- the normal course --------------------------------------------------------------------------

// WS-12 WS-13
TEST_F(WebSocketClientTest, echo_ping_close) {
  {
    const auto connection = connect("/path?query");
    EXPECT_EQ(events.back(), "open /path ");
    connection.write_message("text");
    connection.write_message("\xff", true);
    connection.write_message(json{{"a", 1}});
    connection.write_message(PreparedMessage("prepared"));
    EXPECT_EQ(read(connection), Message("text"));
    EXPECT_EQ(read(connection), Message("\xff", true));
    EXPECT_EQ(read(connection), Message("{\"a\": 1}"));
    EXPECT_EQ(read(connection), Message("prepared"));
    connection.ping("hello");
    connection.write_message("ping");
    EXPECT_EQ(read(connection), Message("ping"));
    test::run_until(loop_, [] { return events.back() == "pong from the server"; });
    EXPECT_EQ(events[1], "ping hello");
    EXPECT_EQ(connection.headers().get("Upgrade"), "websocket");
    EXPECT_THROW(connection.ping(std::string(126, 'x')), std::invalid_argument);
    EXPECT_THROW(connection.write_message("\xff"), std::invalid_argument);
    EXPECT_THROW(connection.close(1005), std::invalid_argument);
    connection.close(3000, "done");
    EXPECT_EQ(read(connection), std::nullopt);
    EXPECT_EQ(connection.close_code(), 3000);
    EXPECT_EQ(read(connection), std::nullopt) << "and again";
    const auto late = connection.write_message("late");
    EXPECT_THROW(late.result(), WebSocketClosedError);
  }
  EXPECT_EQ(events.back(), "closed 3000");
  some_rounds();
  EXPECT_EQ(living, 0);
}

// WS-13
TEST_F(WebSocketClientTest, the_server_closes) {
  const auto connection = connect();
  connection.write_message("close");
  EXPECT_EQ(read(connection), std::nullopt);
  EXPECT_EQ(connection.close_code(), 4001);
  EXPECT_EQ(connection.close_reason(), "as asked");
}

// WS-06 WS-12
TEST_F(WebSocketClientTest, a_request_and_subprotocols) {
  httpclient::HTTPRequest request(url("/own"));
  request.headers.add("X-Own", "own");
  request.auth_username = "user";
  request.auth_password = "pass";
  WebSocketConnectOptions options;
  options.subprotocols = {"one", "two"};
  const auto connection = test::run(loop_, [&]() { return websocket_connect(request, options); });
  EXPECT_EQ(events.back(), "open /own ownBasic dXNlcjpwYXNz");
  EXPECT_EQ(connection.selected_subprotocol(), "two");
  EXPECT_EQ(connect().selected_subprotocol(), std::nullopt);
}

// WS-07 WS-14
TEST_F(WebSocketClientTest, compression) {
  for (const bool takeover : {true, false}) {
    for (const int bits : {8, 9, 15}) {
      WebSocketConnectOptions options;
      options.compression_options.emplace();
      options.compression_options->context_takeover = takeover;
      options.compression_options->max_window_bits = bits;
      const auto connection = connect("/", options);
      EXPECT_TRUE(
          connection.headers().get("Sec-WebSocket-Extensions").starts_with("permessage-deflate"));
      for (int i = 0; i < 3; ++i) {
        const std::string text(static_cast<std::size_t>(i) * 50'000, 'x');
        connection.write_message(text + "abc" + text);
        EXPECT_EQ(read(connection), Message(text + "abc" + text));
      }
      EXPECT_EQ(connect("/plain", options).headers().get("Sec-WebSocket-Extensions"), "");
    }
  }
}

// WS-13
TEST_F(WebSocketClientTest, callback_style_and_back_pressure) {
  std::vector<std::string> got;
  std::vector<Future<void>> doors(1);
  WebSocketConnectOptions options;
  options.on_message_callback = [&](std::optional<Message> message) -> Future<void> {
    got.push_back(message ? message->data : "the end");
    doors.emplace_back();
    const Future<void> door = doors.back();
    if (message) co_await door;
  };
  // The handle is destroyed; the callback keeps the connection.
  connect("/", options).write_message("burst");
  for (std::size_t i = 1; i <= 5; ++i) {
    test::run_until(loop_, [&] { return doors.size() == i + 1; });
    some_rounds();
    EXPECT_EQ(got.size(), i) << "one at a time";
    doors[i].set_result();
  }
  EXPECT_EQ(got.front(), "burst 0");
  EXPECT_EQ(got.back(), "burst 4");
  app_.reset();
  test::run_until(loop_, [&] { return got.back() == "the end"; });
}

TEST_F(WebSocketClientTest, a_callback_keeps_the_handler_that_connected) {
  Dialling::heard.clear();
  const std::string address = "http://127.0.0.1:" + std::to_string(server_->port()) + "/dial";
  const auto response = test::run(loop_, [&]() -> Future<httpclient::HTTPResponse> {
    const httpclient::AsyncHTTPClient client;
    return client.fetch(address);
  });
  EXPECT_EQ(response.body, "dialled");
  test::run_until(loop_, [] { return !Dialling::heard.empty(); });
  EXPECT_EQ(Dialling::alive, 1);
  app_.reset();
  test::run_until(loop_, [] { return Dialling::alive == 0; });
  EXPECT_EQ(Dialling::heard, (std::vector<std::string>{"/dial hello", "/dial the end"}));
}

TEST_F(WebSocketClientTest, large_messages_cross) {
  const auto connection = connect("/large");
  connection.write_message(std::string(8'000'000, 'c'), true);
  for (const char from : {'s', 'c'}) {  // the second is the echo
    const auto message = read(connection);
    ASSERT_TRUE(message.has_value());
    EXPECT_EQ(message->data.size(), 8'000'000U);
    EXPECT_EQ(message->data[0], from);
  }
}

// WS-12
TEST_F(WebSocketClientTest, the_callback_of_connect_and_one_that_throws) {
  std::optional<WebSocketClientConnection> connection;
  WebSocketConnectOptions options;
  options.on_message_callback = [](const std::optional<Message>& message) {
    if (message) throw std::runtime_error("in the callback");
  };
  websocket_connect(
      url(), [&](Future<WebSocketClientConnection> done) { connection = done.result(); }, options);
  test::run_until(loop_, [&] { return connection.has_value(); });
  connection->write_message("x");
  test::run_until(loop_, [] { return events.back().starts_with("closed"); });
  EXPECT_EQ(events.back(), "closed 1011");
  EXPECT_EQ(log_.count("in the callback"), 1U) << log_.text();
}

TEST_F(WebSocketClientTest, the_last_handle_goes) {
  {
    const auto connection = connect();
  }
  test::run_until(loop_, [] { return events.back().starts_with("closed"); });
  EXPECT_EQ(events.back(), "closed 1001");
  // Not while a read is pending.
  Future<std::optional<Message>> reading;
  {
    const auto connection = connect();
    reading = connection.read_message();
    connection.write_message("still there");
  }
  test::run_until(loop_, [&] { return reading.done(); });
  EXPECT_EQ(reading.result(), Message("still there"));
  // A message that nobody will read does not block anything.
  {
    const auto connection = connect();
    connection.write_message("burst");
    some_rounds();
  }
  test::run_until(loop_, [] { return living == 0; });
}

struct Farewell {
  ~Farewell() {
    EXPECT_THROW(connection.write_message("too late").result(), WebSocketClosedError);
    connection.close();
  }
  const WebSocketClientConnection& connection;
};

Future<void> wait_for_messages(std::string url, bool reads, int& waiting) {
  const auto connection = co_await websocket_connect(url);
  const Farewell farewell{connection};
  connection.write_message("burst");
  auto next = reads ? connection.read_message() : Future<std::optional<Message>>();
  ++waiting;
  co_await next;
  next = Future<std::optional<Message>>();
  co_await next;
}

TEST_F(WebSocketClientTest, frames_that_hold_a_connection_go_with_their_loop) {
  int waiting = 0;
  static_cast<void>(wait_for_messages(url(), true, waiting));
  static_cast<void>(wait_for_messages(url(), false, waiting));
  test::run_until(loop_, [&] { return waiting == 2; });
  some_rounds();
  loop_.close();
  EXPECT_EQ(living, 0);
}

Future<void> serve_in_frame(std::uint16_t& port) {
  web::Application app({web::url<Served>("/")});
  port = app.listen(0, "127.0.0.1").port();
  const Future<void> end;
  co_await end;
}

TEST_F(WebSocketClientTest, an_application_in_a_frame_goes_with_its_loop) {
  std::uint16_t port = 0;
  static_cast<void>(serve_in_frame(port));
  const auto connection = connect_to("ws://127.0.0.1:" + std::to_string(port) + "/");
  const auto other = connect_to("ws://127.0.0.1:" + std::to_string(port) + "/");
  other.write_message("burst");
  some_rounds();
  EXPECT_EQ(living, 2);
  loop_.close();
  EXPECT_EQ(living, 0);
}

TEST_F(WebSocketClientTest, wss_is_checked) {
  const test::Authority authority;
  const test::Identity identity = authority.issue();
  httpserver::HTTPServerOptions with;
  ssl::SSLOptions tls;
  tls.certfile = identity.file;
  with.ssl_options = ssl::SSLContext(tls);
  const int port = app_->listen(0, "127.0.0.1", with).port();
  httpclient::HTTPRequest request("wss://localhost:" + std::to_string(port) + "/tls");
  EXPECT_THROW(test::run(loop_, [&]() { return websocket_connect(request); }), ssl::SSLError);
  request.ca_certs = authority.file();
  const auto connection = test::run(loop_, [&]() { return websocket_connect(request); });
  connection.write_message("secret");
  EXPECT_EQ(read(connection), Message("secret"));
  connection.close();
  EXPECT_EQ(read(connection), std::nullopt);
}

#ifdef WITH_INTERNATIONAL_HOSTS
TEST_F(WebSocketClientTest, an_international_host_is_asked_for_by_its_ascii_name) {
  struct Names final : netutil::Resolver {
    Future<std::vector<netutil::Address>> resolve(std::string host, std::uint16_t,
                                                  netutil::Family) override {
      throw netutil::ResolveError("nobody knows " + host);
      co_return std::vector<netutil::Address>();
    }
  };
  WebSocketConnectOptions options;
  options.resolver = std::make_shared<Names>();
  try {
    test::run(loop_, [&] { return websocket_connect("ws://bücher.example/", options); });
    FAIL();
  } catch (const netutil::ResolveError& error) {
    EXPECT_STREQ(error.what(), "nobody knows xn--bcher-kva.example");
  }
}
#endif

// ---- refusals -----------------------------------------------------------------------------------

// WS-12
TEST_F(WebSocketClientTest, what_cannot_be_asked) {
  for (const char* bad : {"", "ftp://x/", "ws://", "ws://ho st/", "ws://h:99999/", "ws://b\xFC/"}) {
    EXPECT_THROW(static_cast<void>(websocket_connect(bad)), std::invalid_argument) << bad;
  }
  httpclient::HTTPRequest post(url(), "POST");
  post.body = "";
  EXPECT_THROW(static_cast<void>(websocket_connect(post)), std::invalid_argument);
  WebSocketConnectOptions options;
  options.subprotocols = {"no token"};
  EXPECT_THROW(static_cast<void>(websocket_connect(url(), options)), std::invalid_argument);
  options.subprotocols.clear();
  options.compression_options.emplace();
  options.compression_options->max_window_bits = 16;
  EXPECT_THROW(static_cast<void>(websocket_connect(url(), options)), std::invalid_argument);
}

// WS-12
TEST_F(WebSocketClientTest, another_status_than_101) {
  EXPECT_EQ(failure<httpclient::HTTPClientError>(url("/forbidden")), "HTTP 403: Forbidden");
  EXPECT_EQ(failure<iostream::StreamClosedError>("ws://127.0.0.1:1/"), "Stream is closed");
}

// A server that reads the request and responds with `answer`, applied to its key.
class RawWebSocketTest : public WebSocketClientTest {
 protected:
  using Answer = std::function<std::string(std::string)>;

  std::string serve(Answer answer) {
    raw_.emplace_back([this, answer](iostream::IOStream stream, int) -> Future<void> {
      const std::string request = co_await stream.read_until("\r\n\r\n");
      const std::size_t at = request.find("Sec-Websocket-Key: ") + 19;
      const std::string text = answer(http::websocket_accept(request.substr(at, 24)));
      auto write = stream.write(text);
      co_await write;
      sent_back_ = co_await stream.read_until_close();
    });
    raw_.back().listen();
    return "ws://127.0.0.1:" + std::to_string(raw_.back().port()) + "/";
  }
  static std::string accepted(const std::string& accept, const std::string& more = "") {
    return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Accept: " +
           accept + "\r\n" + more + "\r\n";
  }

  std::string sent_back_;
};

// WS-15
TEST_F(RawWebSocketTest, answers_that_open_no_WebSocket) {
  const auto says = [this](Answer answer) { return failure<WebSocketError>(serve(answer)); };
  const std::string text = "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
  EXPECT_EQ(says([](auto) { return "HTTP/1.1 101 X\r\n\r\n"; }),
            "the server did not switch to WebSocket");
  EXPECT_EQ(says([text](auto) { return text + "Sec-WebSocket-Accept: wrong\r\n\r\n"; }),
            "the server's Sec-WebSocket-Accept is wrong");
  EXPECT_EQ(says([](auto key) { return accepted(key, "Sec-WebSocket-Protocol: x\r\n"); }),
            "the server chose a subprotocol that was not offered");
  EXPECT_EQ(says([](auto key) {
              return accepted(key, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
            }),
            "the server chose an extension that was not offered");
  EXPECT_EQ(says([](auto) { return "SSH-2.0-x\r\n\r\n"; }), "the server's answer is not HTTP");
  EXPECT_EQ(failure<iostream::UnsatisfiableReadError>(
                serve([](auto) { return std::string(100'000, 'x'); })),
            "delimiter not found within 65536 bytes");
}

TEST_F(RawWebSocketTest, an_interim_answer_and_a_message_with_the_handshake) {
  const auto connection = connect_to(serve([](auto key) {
    return "HTTP/1.1 103 Early Hints\r\n\r\n" + accepted(key) + server_text("early");
  }));
  EXPECT_EQ(read(connection), Message("early"));
}

TEST_F(RawWebSocketTest, servers_that_break_the_rules) {
  const auto ends = [this](const std::string& frames, WebSocketConnectOptions options = {}) {
    const auto connection =
        connect_to(serve([frames](auto key) { return accepted(key) + frames; }), options);
    EXPECT_EQ(read(connection), std::nullopt);
    test::run_until(loop_, [this] { return !sent_back_.empty(); });
    // The mask of a close frame is random: undo it.
    const std::string frame = std::exchange(sent_back_, {});
    http::FrameHeader header;
    const char* reason = nullptr;
    EXPECT_EQ(http::parse_frame_header(frame, {}, header, reason), http::FrameStatus::kDone);
    std::string payload = frame.substr(header.size);
    http::apply_mask(payload.data(), payload.data(), payload.size(), header.key);
    http::ClosePayload close;
    EXPECT_EQ(http::parse_close_payload(payload, close), 0);
    return close.code;
  };
  EXPECT_EQ(ends(test::text("masked")), 1002);
  EXPECT_EQ(ends("\x83"), 1002);
  EXPECT_EQ(ends(server_text("\xff")), 1007);
  EXPECT_EQ(ends(server_close(1000, "\xff")), 1007) << "Tornado's client hangs here";
  EXPECT_EQ(ends(server_close(1005)), 1002);
  WebSocketConnectOptions small;
  small.max_message_size = 10;
  EXPECT_EQ(ends(server_text("more than ten"), small), 1009);
}

TEST_F(RawWebSocketTest, a_server_that_closes_without_a_word) {
  const std::string to = serve([](auto key) { return accepted(key); });
  const auto connection = connect_to(to);
  raw_.back().streams.front().close();
  EXPECT_EQ(read(connection), std::nullopt);
  EXPECT_EQ(connection.close_code(), std::nullopt);
}

class WebSocketClientTimeTest : public ::testing::Test {
 protected:
  template <class Serve>
  std::string serve(Serve function) {
    server_.emplace(function);
    server_->listen();
    return "ws://127.0.0.1:" + std::to_string(server_->port()) + "/";
  }

  test::LogLines log_;
  std::optional<test::RawServer> server_;
  test::VirtualLoop virtual_;
};

// WS-12
TEST_F(WebSocketClientTimeTest, connect_timeout_covers_the_handshake) {
  const std::string to = serve(
      [](iostream::IOStream stream, int) -> Future<void> { co_await stream.read_until_close(); });
  WebSocketConnectOptions options;
  options.connect_timeout = 7;
  const double begin = virtual_.clock.time();
  EXPECT_THROW(virtual_.loop.run_sync([&]() { return websocket_connect(to, options); }),
               httpclient::HTTPTimeoutError);
  EXPECT_NEAR(virtual_.clock.time() - begin, 7, 0.1);
}

TEST_F(WebSocketClientTimeTest, a_slow_program_gets_all_messages_of_a_server_that_has_gone) {
  const std::string to = serve([](iostream::IOStream stream, int) -> Future<void> {
    const std::string request = co_await stream.read_until("\r\n\r\n");
    const std::size_t at = request.find("Sec-Websocket-Key: ") + 19;
    const std::string all =
        "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
        http::websocket_accept(request.substr(at, 24)) + "\r\n\r\n" + server_text("1") +
        server_text("2") + server_text("3") + server_close(1000, "bye");
    auto write = stream.write(all);
    co_await write;
    stream.close();
  });
  std::vector<std::string> got;
  virtual_.loop.run_sync([&]() -> Future<void> {
    auto connecting = websocket_connect(to);
    const WebSocketClientConnection connection = co_await connecting;
    while (const auto message = co_await connection.read_message()) {
      got.push_back(message->data);
      co_await gen::sleep(60);
    }
    EXPECT_EQ(connection.close_code(), 1000);
    EXPECT_EQ(connection.close_reason(), "bye");
  });
  EXPECT_EQ(got, (std::vector<std::string>{"1", "2", "3"}));
}

// WS-08
TEST_F(WebSocketClientTimeTest, the_client_pings_and_gives_up_a_silent_server) {
  std::string received;
  const std::string to = serve([&received](iostream::IOStream stream, int) -> Future<void> {
    const std::string request = co_await stream.read_until("\r\n\r\n");
    const std::size_t at = request.find("Sec-Websocket-Key: ") + 19;
    const std::string head =
        "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
        http::websocket_accept(request.substr(at, 24)) + "\r\n\r\n";
    auto write = stream.write(head);
    co_await write;
    received = co_await stream.read_until_close();
  });
  WebSocketConnectOptions options;
  options.ping_interval = 10;
  std::optional<WebSocketClientConnection> connection;
  virtual_.loop.run_sync([&]() -> Future<void> {
    auto connecting = websocket_connect(to, options);
    connection = co_await connecting;
    const auto end = co_await connection->read_message();
    EXPECT_EQ(end, std::nullopt);
  });
  virtual_.loop.run_sync([&]() -> Future<void> {
    while (received.empty()) co_await gen::sleep(0.01);
  });
  EXPECT_EQ(received.substr(0, 2), "\x89\x80") << "a ping, then a close frame";
  EXPECT_EQ(received.substr(6, 1), "\x88");
}

}  // namespace
}  // namespace tornado::websocket
