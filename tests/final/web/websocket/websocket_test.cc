// WebSocketHandler against raw clients: its hooks, its limits and timeouts, compression, the
// closing handshake, and the life of a handler.
#include <tornado/json.h>
#include <tornado/log.h>
#include <tornado/websocket.h>

#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "../../../support/allocated.h"
#include "http/websocket/deflate.h"
#include "websocket_tools.h"

namespace tornado::websocket {
namespace {

using http::Opcode;
using test::client_frame;
using test::close_frame;
using test::Echo;
using test::Events;
using test::events;
using test::gates;
using test::kHandshake;
using test::living;
using test::note;
using test::Noted;
using test::server_close;
using test::server_frame;
using test::server_text;
using test::SocketClient;
using test::text;

std::optional<Future<void>> written;

class WebSocketTest : public test::WebSocketFixture {};

// ---- messages -----------------------------------------------------------------------------------

struct Writes : Noted {
  void on_message(std::string_view message, bool binary) {
    if (message == "json") write_message(json{{"a", 1}});
    if (message == "binary") write_message("\xff\xfe", true);
    if (message == "prepared") write_message(PreparedMessage("prepared"));
    if (message == "big") write_message(std::string(70'000, 'x'));
    if (message == "not text") {
      try {
        write_message("\xff");
      } catch (const std::invalid_argument&) {
        write_message("invalid");
      }
    }
    EXPECT_FALSE(binary);
  }
};

// WS-02
TEST_F(WebSocketTest, write_message) {
  serve<Writes>();
  SocketClient client = connect();
  for (const char* what : {"json", "binary", "prepared", "not text", "big"})
    client.send(text(what));
  client.until(server_text("{\"a\": 1}") + server_frame(Opcode::kBinary, "\xff\xfe") +
               server_text("prepared") + server_text("invalid") +
               server_text(std::string(70'000, 'x')));
}

struct Coroutine : Noted {
  Future<void> open() {
    note("open begins");
    gates.emplace_back();
    co_await gates.back();
    note("open ends");
  }
  Future<void> on_message(std::string message) {
    note("begins " + message);
    gates.emplace_back();
    co_await gates.back();
    co_await write_message("done " + message);
    note("ends " + message);
  }
};

// WS-01
TEST_F(WebSocketTest, messages_wait_for_open_and_for_each_other) {
  serve<Coroutine>();
  SocketClient client = connect();
  client.send(text("one") + text("two") + client_frame(Opcode::kPing, "p") + text("three"));
  some_rounds();
  EXPECT_EQ(events, (Events{"on_finish", "open begins"}));
  for (std::size_t i = 0; i < 4; ++i) {
    ASSERT_EQ(gates.size(), i + 1);
    gates[i].set_result();
    some_rounds();
  }
  EXPECT_EQ(events, (Events{"on_finish", "open begins", "open ends", "begins one", "ends one",
                            "begins two", "ends two", "begins three", "ends three"}));
  client.until(server_text("done one") + server_text("done two") +
               server_frame(Opcode::kPong, "p") + server_text("done three"));
  client.close();
  until_events(10);
  EXPECT_EQ(events.back(), "on_close 0 ");
  some_rounds();
  EXPECT_EQ(living, 0);
}

// Messages that arrived before the client's end are still read.
TEST_F(WebSocketTest, a_client_that_leaves_after_its_messages) {
  serve<Coroutine>();
  SocketClient client = connect();
  client.send(text("one") + text("two"));
  some_rounds();
  client.half_close();
  some_rounds();
  for (std::size_t i = 0; i < 3; ++i) {
    gates[i].set_result();
    some_rounds();
  }
  EXPECT_EQ(events.back(), "on_close 0 ");
  EXPECT_EQ(events[5], "begins two");
  EXPECT_EQ(living, 0);
}

TEST_F(WebSocketTest, behaviour_5_2_pings_are_answered_also_between_fragments) {
  serve<Echo>();
  SocketClient client = connect();
  client.send(client_frame(Opcode::kText, "a", false) + client_frame(Opcode::kPing, "1") +
              client_frame(Opcode::kPong, "2") + client_frame(Opcode::kContinuation, "b"));
  client.until(server_frame(Opcode::kPong, "1") + server_text("ab"));
  EXPECT_EQ(events, (Events{"on_finish", "open", "ping 1", "pong 2"}));
}

struct Pings : Noted {
  void on_message(Message) {
    ping("data");
    ping(std::string(125, 'x'));
    EXPECT_THROW(ping(std::string(126, 'x')), std::invalid_argument);
  }
};

// WS-04
TEST_F(WebSocketTest, ping) {
  serve<Pings>();
  SocketClient client = connect();
  client.send(text(""));
  client.until(server_frame(Opcode::kPing, "data") +
               server_frame(Opcode::kPing, std::string(125, 'x')));
}

// ---- the end ------------------------------------------------------------------------------------

// Behaviour 5.2: the peer's frame, the reply to it, and then the end of the stream.
TEST_F(WebSocketTest, behaviour_5_2_close_frames) {
  serve<Echo>();
  const auto closes = [this](const std::string& sent, const std::string& expected) {
    SocketClient client = connect();
    events.clear();
    client.send(sent + text("too late"));
    EXPECT_EQ(client.until_end(), expected);
    client.close();
    until_events(1);
    return events.at(0);
  };
  EXPECT_EQ(closes(close_frame(0), server_close(0)), "on_close 0 ");
  EXPECT_EQ(closes(close_frame(1000, "bye"), server_close(1000)), "on_close 1000 bye");
  for (const int code : {1001, 1002, 1003, 1007, 1011, 1012, 1014, 3000, 4999}) {
    EXPECT_EQ(closes(close_frame(code), server_close(code)),
              "on_close " + std::to_string(code) + " ");
  }
  for (const int code : {1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535}) {
    EXPECT_EQ(closes(close_frame(code), server_close(1002)), "on_close 0 ") << code;
  }
  EXPECT_EQ(closes(client_frame(Opcode::kClose, "x"), server_close(1002)), "on_close 0 ");
  EXPECT_EQ(closes(close_frame(1000, "\xff"), server_close(1007)), "on_close 0 ");
  some_rounds();
  EXPECT_EQ(living, 0);
  EXPECT_EQ(server_->connection_count(), 0U);
}

TEST_F(WebSocketTest, behaviour_5_2_what_breaks_the_rules_fails_the_connection) {
  web::Settings settings;
  settings.websocket_max_message_size = 100;
  serve<Echo>(settings);
  std::string unmasked = "\x81\x01x";
  std::string reserved = text("x");
  reserved[0] = static_cast<char>(0x81 | 0x10);
  const std::vector<std::pair<std::string, std::string>> cases = {
      {unmasked, server_close(1002, "unmasked client frame")},
      {reserved, server_close(1002, "reserved bit is set")},
      {client_frame(Opcode::kText, "x", true, true), server_close(1002, "reserved bit is set")},
      {client_frame(static_cast<Opcode>(3), ""), server_close(1002, "unknown opcode")},
      {client_frame(Opcode::kContinuation, ""), server_close(1002, "continuation of no message")},
      {client_frame(Opcode::kPing, std::string(126, 'x')),
       server_close(1002, "control frame too long")},
      {text("\xff"), server_close(1007, "text that is not UTF-8")},
      {text(std::string(101, 'x')), server_close(1009, "message too big")},
  };
  for (const auto& [sent, expected] : cases) {
    SocketClient client = connect();
    client.send(text("before") + sent);
    EXPECT_EQ(client.until_end(), server_text("before") + expected);
    EXPECT_FALSE(client.was_reset);
  }
  some_rounds();
  EXPECT_EQ(living, 0);
}

struct Closes : Noted {
  void on_message(std::string message) {
    if (message == "plain") close();
    if (message == "code") close(4000);
    if (message == "reason") close(std::nullopt, "because");
    if (message == "both") close(3001, "because");
    if (message == "bad") {
      for (const int code : {0, 999, 1004, 1005, 1006, 1015, 2000, 5000}) {
        EXPECT_THROW(close(code), std::invalid_argument);
      }
      EXPECT_THROW(close(1000, std::string(124, 'x')), std::invalid_argument);
      EXPECT_THROW(close(1000, "\xff"), std::invalid_argument);
      close(1000, std::string(123, 'x'));
    }
    written = write_message("after close");
    EXPECT_TRUE(written->done());
    ping();
    close(1000, "a second time");
  }
};

// WS-03
TEST_F(WebSocketTest, close_from_the_server) {
  serve<Closes>();
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"plain", server_close(0)},
      {"code", server_close(4000)},
      {"reason", server_close(1000, "because")},
      {"both", server_close(3001, "because")},
      {"bad", server_close(1000, std::string(123, 'x'))}};
  for (const auto& [sent, expected] : cases) {
    SocketClient client = connect();
    client.send(text(sent));
    client.until(expected);
    EXPECT_THROW(written->result(), WebSocketClosedError);
    client.send(close_frame(1001, "as you like"));
    EXPECT_EQ(client.until_end(), expected);
    EXPECT_FALSE(client.was_reset);
    client.close();
    test::run_until(loop_, [] { return living == 0; });
    EXPECT_EQ(events.back(), "on_close 1001 as you like");
  }
  EXPECT_TRUE(log_.count("exception") == 0) << log_.text();
}

struct Throws : Noted {
  void open() {
    if (request.path == "/open") throw std::runtime_error("in open");
  }
  Future<void> on_message(std::string message) {
    if (message == "later") co_await gen::moment;
    throw std::runtime_error("in on_message");
  }
  void on_ping(std::string_view) { throw std::runtime_error("in on_ping"); }
  void on_close() {
    Noted::on_close();
    throw std::runtime_error("in on_close");
  }
};

TEST_F(WebSocketTest, a_hook_that_throws_is_logged_and_closes_with_1011) {
  serve<Throws>();
  for (const char* sent : {"now", "later"}) {
    SocketClient client = connect();
    client.send(client_frame(Opcode::kPing, "") + text(sent));
    client.until(server_frame(Opcode::kPong, "") + server_close(1011));
    client.send(close_frame(1011));
    client.until_end();
  }
  SocketClient client = connect("/open");
  client.until(server_close(1011));
  client.reset();
  test::run_until(loop_, [] { return living == 0; });
  EXPECT_EQ(log_.count("in open"), 1U) << log_.text();
  EXPECT_EQ(log_.count("in on_message"), 2U);
  EXPECT_EQ(log_.count("in on_ping"), 2U);
  EXPECT_EQ(log_.count("in on_close"), 3U);
}

TEST_F(WebSocketTest, a_client_that_vanishes) {
  serve<Coroutine>();
  SocketClient client = connect();
  gates[0].set_result();
  client.send(text("one"));
  until_events(4);
  client.reset();
  until_events(5);
  EXPECT_EQ(events.back(), "on_close 0 ");
  EXPECT_EQ(living, 1) << "its coroutine still waits";
  gates[1].set_result();
  some_rounds();
  // The write failed, which ended the coroutine: it is logged, and there is no connection to close.
  EXPECT_EQ(log_.count("WebSocket is closed"), 1U) << log_.text();
  EXPECT_EQ(living, 0);
}

TEST_F(WebSocketTest, the_server_goes_first) {
  serve<Coroutine>();
  SocketClient client = connect();
  gates[0].set_result();
  client.send(text("one"));
  until_events(4);
  app_.reset();
  EXPECT_EQ(events.back(), "on_close 0 ");
  EXPECT_EQ(living, 1);
  gates[1].set_exception(std::runtime_error("enough"));
  some_rounds();
  EXPECT_EQ(living, 0);
  client.until_end();
}

TEST_F(WebSocketTest, close_all_connections_closes_WebSockets_too) {
  serve<Echo>();
  SocketClient client = connect();
  EXPECT_EQ(server_->connection_count(), 1U);
  test::run(loop_, [this]() -> Future<void> { co_await server_->close_all_connections(); });
  EXPECT_EQ(events.back(), "on_close 0 ");
  EXPECT_EQ(server_->connection_count(), 0U);
  client.until_end();
}

TEST(WebSocketLoop, closes_with_an_open_WebSocket) {
  events.clear();
  living = 0;
  {
    const test::LogLines log;
    std::optional<web::Application> app;
    std::optional<SocketClient> client;
    {
      ioloop::IOLoop loop;
      app.emplace(std::vector<web::URLSpec>{web::url<Coroutine>("/")});
      auto& server = app->listen(0, "127.0.0.1");
      client.emplace(loop, server.port());
    }
    EXPECT_EQ(events.back(), "on_close 0 ");
    app.reset();
  }
  gates.clear();
  EXPECT_EQ(living, 0);
}

// ---- limits and time ----------------------------------------------------------------------------

TEST_F(WebSocketTest, a_client_that_does_not_read_its_echo_is_held_back) {
  serve<Echo>();
  SocketClient client = connect("/", "", 4096);
  const std::string message = text(std::string(1000, 'x'));
  std::string many;
  for (int i = 0; i < 20'000; ++i) many += message;
  client.send(many);
  std::size_t before = 0;
  // Until nothing moves any more, because the client does not read.
  do {
    before = client.unsent();
    for (int i = 0; i < 20; ++i) {
      some_rounds();
      client.pump(0);
    }
  } while (client.unsent() != before);
  EXPECT_GT(client.unsent(), 0U) << "all of it was taken in";
  test::run_until(loop_, [&] {
    client.pump();
    return client.received.size() >= 20'000U * 1004U || client.ended;
  });
  EXPECT_EQ(client.received.size(), 20'000U * 1004U);
}

int pages = 0;

struct Page : web::RequestHandler {
  void get() {
    ++pages;
    write(std::string(16'384, 'x'));
  }
};

// The responses before it wait, but are not so many that no request is served any more.
TEST_F(WebSocketTest, a_handshake_behind_output_that_the_client_does_not_read) {
  app_.emplace(std::vector<web::URLSpec>{web::url<Page>("/page"), web::url<Echo>("/socket")});
  server_ = &app_->listen(0, "127.0.0.1");
  // Returns how many of the pages are served to a client that reads nothing.
  const auto served = [this](test::Client& client, int count, const std::string& more) {
    std::string requests;
    for (int i = 0; i < count; ++i) requests += test::get("/page");
    pages = 0;
    client.send(requests + more);
    int before = 0;
    do {
      before = pages;
      for (int i = 0; i < 5; ++i) some_rounds();
    } while (pages != before);
    return pages;
  };
  test::Client measuring(loop_, server_->port(), 4096);
  const int most = served(measuring, 400, "");
  ASSERT_LT(most, 400) << "the kernel takes them all";
  measuring.reset();

  test::Client client(loop_, server_->port(), 4096);
  EXPECT_EQ(served(client, most - 2, test::get("/socket", test::kHandshake) + text("hello")),
            most - 2);
  EXPECT_EQ(events, (Events{"on_finish", "open"}));
  client.until(server_text("hello"));
  EXPECT_EQ(test::occurrences(client.received, "HTTP/1.1 101 "), 1U);
}

struct Floods : Noted {
  void on_message(Message) {
    const std::string block(1'048'576, 'x');
    for (int i = 0; i < 100; ++i) written = write_message(block, true);
    EXPECT_THROW(written->result(), WebSocketClosedError);
  }
};

TEST_F(WebSocketTest, a_client_that_never_reads_is_given_up) {
  serve<Floods>();
  SocketClient client = connect("/", "", 4096);
  client.send(text(""));
  test::run_until(loop_, [] { return living == 0; });
  EXPECT_EQ(log_.count("its peer does not read"), 1U) << log_.text();
}

class WebSocketTimeTest : public ::testing::Test {
 protected:
  static ioloop::IOLoopOptions options(ioloop::Clock& clock) {
    ioloop::IOLoopOptions made;
    made.clock = &clock;
    return made;
  }
  WebSocketTimeTest() {
    events.clear();
    gates.clear();
    living = 0;
  }
  template <class H>
  SocketClient serve(const web::Settings& settings = {}) {
    app_.emplace(std::vector<web::URLSpec>{web::url<H>("/")}, settings);
    server_ = &app_->listen(0, "127.0.0.1");
    return SocketClient(loop_, server_->port());
  }
  // Advances time by `seconds`, in steps that let bytes arrive.
  void pass(double seconds) {
    const double end = clock_.time() + seconds;
    while (clock_.time() < end) {
      loop_.call_later(std::min(0.05, end - clock_.time()), [this] { loop_.stop(); });
      loop_.start();
    }
  }

  test::LogLines log_;
  ioloop::VirtualClock clock_;
  ioloop::IOLoop loop_{options(clock_)};
  std::optional<web::Application> app_;
  httpserver::HTTPServer* server_ = nullptr;
};

// WS-03
TEST_F(WebSocketTimeTest, a_peer_that_does_not_answer_a_close_is_cut_off_after_5_s) {
  SocketClient client = serve<Closes>();
  client.send(text("code"));
  client.until(server_close(4000));
  pass(4.9);
  client.pump();
  EXPECT_FALSE(client.ended);
  pass(0.2);
  client.until_end();
  EXPECT_EQ(events.back(), "on_close 0 ");
}

// WS-08 ST-08
TEST_F(WebSocketTimeTest, pings_and_a_peer_that_does_not_answer_them) {
  web::Settings settings;
  settings.websocket_ping_interval = 10;
  settings.websocket_ping_timeout = 4;
  SocketClient client = serve<Echo>(settings);
  pass(9.9);
  client.pump();
  EXPECT_EQ(client.take(), "");
  pass(0.2);
  client.until(server_frame(Opcode::kPing, ""));
  client.send(client_frame(Opcode::kPong, ""));
  pass(5);
  EXPECT_EQ(client.take(), server_frame(Opcode::kPing, ""));
  pass(5);
  client.until(server_frame(Opcode::kPing, ""));
  pass(3.8);
  client.pump();
  EXPECT_EQ(client.take(), server_frame(Opcode::kPing, ""));
  pass(0.3);
  client.until(server_close(1000, "ping timed out"));
  pass(5.1);
  client.until_end();
  EXPECT_EQ(living, 0);
}

TEST_F(WebSocketTimeTest, a_client_that_half_closes_while_a_message_is_held_is_dropped_after_5_s) {
  SocketClient client = serve<Coroutine>();
  client.send(text("never read"));
  pass(0.1);
  client.half_close();
  pass(4);
  EXPECT_EQ(events, (Events{"on_finish", "open begins"}));
  pass(2);
  EXPECT_EQ(events.back(), "on_close 0 ");
  gates.clear();
}

// ---- compression --------------------------------------------------------------------------------

struct CompressedEcho : Echo {
  std::optional<CompressionOptions> get_compression_options() override {
    CompressionOptions options;
    if (request.path == "/alone") options.context_takeover = false;
    if (request.path == "/wrong") options.mem_level = 10;
    return options;
  }
};

std::string deflated(http::Deflater& deflater, std::string_view payload) {
  std::string out;
  deflater.compress(payload, out);
  return out;
}

// WS-07 WS-14
TEST_F(WebSocketTest, compression_with_takeover) {
  serve<CompressedEcho>();
  EXPECT_EQ(connect().head.find("Extensions"), std::string::npos);
  SocketClient client = connect("/", "Sec-WebSocket-Extensions: permessage-deflate\r\n");
  EXPECT_NE(client.head.find("\r\nSec-Websocket-Extensions: permessage-deflate\r\n"),
            std::string::npos)
      << client.head;
  http::Deflater ours{http::DeflateSettings()};
  http::Deflater theirs{http::DeflateSettings()};
  for (int i = 0; i < 3; ++i) {
    client.send(client_frame(Opcode::kText, deflated(ours, "Hello"), true, true));
    const std::string payload = deflated(theirs, "Hello");
    client.until("\xc1" + std::string(1, static_cast<char>(payload.size())) + payload);
    client.take();
  }
  client.send(text("not compressed"));
  const std::string payload = deflated(theirs, "not compressed");
  client.until("\xc1" + std::string(1, static_cast<char>(payload.size())) + payload);
}

// WS-07
TEST_F(WebSocketTest, compression_without_takeover_and_impossible_options) {
  serve<CompressedEcho>();
  SocketClient client = connect("/alone", "Sec-WebSocket-Extensions: permessage-deflate\r\n");
  EXPECT_NE(client.head.find("permessage-deflate; server_no_context_takeover; "
                             "client_no_context_takeover\r\n"),
            std::string::npos)
      << client.head;
  http::DeflateSettings alone;
  alone.takeover = false;
  const std::string payload = deflated(http::shared_deflater(alone), "Hello");
  const std::string frame = "\xc1" + std::string(1, static_cast<char>(payload.size())) + payload;
  client.send(client_frame(Opcode::kText, payload, true, true));
  client.send(client_frame(Opcode::kText, payload, true, true));
  client.until(frame + frame);
  EXPECT_TRUE(ask(test::get("/wrong", kHandshake)).starts_with("HTTP/1.1 500"));
}

TEST_F(WebSocketTest, behaviour_5_2_a_message_that_is_too_big_after_decompression) {
  web::Settings settings;
  settings.websocket_max_message_size = 1000;
  serve<CompressedEcho>(settings);
  SocketClient client = connect("/", "Sec-WebSocket-Extensions: permessage-deflate\r\n");
  http::Deflater ours{http::DeflateSettings()};
  client.send(client_frame(Opcode::kText, deflated(ours, std::string(1001, 'x')), true, true));
  EXPECT_EQ(client.until_end(), server_close(1009, "message too big after decompression"));
}

// Behaviour 5.3: the known defects of the original.
TEST_F(WebSocketTest, behaviour_5_3_pings_and_fragments_of_a_compressed_message) {
  serve<CompressedEcho>();
  SocketClient client = connect("/", "Sec-WebSocket-Extensions: permessage-deflate\r\n");
  http::Deflater ours{http::DeflateSettings()};
  const std::string payload = deflated(ours, "Hello");
  client.send(client_frame(Opcode::kText, payload.substr(0, 3), false, true) +
              client_frame(Opcode::kPing, "p") +
              client_frame(Opcode::kContinuation, payload.substr(3)));
  client.until(server_frame(Opcode::kPong, "p") + "\xc1");
  client.send(client_frame(Opcode::kPing, "p", true, true));
  EXPECT_TRUE(client.until_end().ends_with(server_close(1002, "compressed control frame")));
}

struct CompressedSink : CompressedEcho {
  void on_message(std::string_view message) { note("got " + std::to_string(message.size())); }
};

TEST_F(WebSocketTest, the_memory_of_a_big_message_is_freed) {
  constexpr std::size_t kSize = 8'000'000;
  serve<CompressedSink>();
  SocketClient client = connect("/", "Sec-WebSocket-Extensions: permessage-deflate\r\n");
  http::Deflater ours{http::DeflateSettings()};
  const std::string big =
      client_frame(Opcode::kText, deflated(ours, std::string(kSize, 'x')), true, true);
  const std::size_t before = test::allocated();
  client.send(big);
  until_events(3);
  EXPECT_EQ(events.back(), "got 8000000");
  EXPECT_LT(test::allocated(), before + kSize / 4);
}

// ---- broadcast ----------------------------------------------------------------------------------

struct Crowd : Noted {
  std::optional<CompressionOptions> get_compression_options() override {
    return CompressionOptions();
  }
  void open() { members().insert(this); }
  void on_message(std::string message) { broadcast(members(), message); }
  void on_close() { members().erase(this); }
  static std::set<Crowd*>& members() {
    static std::set<Crowd*> all;
    return all;
  }
};

TEST_F(WebSocketTest, a_broadcast_reaches_each_in_its_own_form) {
  serve<Crowd>();
  SocketClient plain = connect();
  SocketClient gone = connect();
  SocketClient packed = connect("/", "Sec-WebSocket-Extensions: permessage-deflate\r\n");
  gone.reset();
  // Each is self-contained: no takeover between them.
  http::DeflateSettings alone;
  const std::string payload = deflated(http::shared_deflater(alone), "Hello");
  const std::string frame = "\xc1" + std::string(1, static_cast<char>(payload.size())) + payload;
  plain.send(text("Hello") + text("Hello"));
  plain.until(server_text("Hello") + server_text("Hello"));
  packed.until(frame + frame);
  app_.reset();
  EXPECT_TRUE(Crowd::members().empty());
}

}  // namespace
}  // namespace tornado::websocket
