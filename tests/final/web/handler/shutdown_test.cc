// What HTTPServer::shutdown() means to handlers: on_shutdown(), shutting_down(), and the end of
// WebSockets.
#include <tornado/locks.h>

#include "../websocket/websocket_tools.h"

namespace tornado::test {
namespace {

using httpserver::ShutdownReport;

constexpr double kGrace = 10;
const std::string kClose = "Connection: close\r\n";

class HandlerShutdownTest : public WebSocketFixture {
 protected:
  // Returns all that the client got, and closes it: the server would wait a second for that.
  static std::string last_of(Client& client) {
    client.until_end();
    client.close();
    return client.received;
  }
  void expect(const Future<ShutdownReport>& future, std::size_t finished, std::size_t cut) {
    const ShutdownReport report = run(loop_, [&] { return future; });
    EXPECT_EQ(report.finished, finished);
    EXPECT_EQ(report.cut, cut);
    EXPECT_EQ(report.idle_closed, 0U);
  }
};

// ---- long polls and streams ---------------------------------------------------------------------

locks::Condition* news = nullptr;

struct PollHandler : web::RequestHandler {
  Future<void> get() {
    note("waits");
    while (!shutting_down()) co_await news->wait();
    write("try again");
  }
  void on_shutdown() override {
    note("on_shutdown");
    news->notify_all();
  }
};

TEST_F(HandlerShutdownTest, a_long_poll_ends_with_a_complete_response) {
  locks::Condition condition;
  news = &condition;
  serve<PollHandler>();
  Client first(loop_, server_->port());
  Client second(loop_, server_->port());
  first.send(get());
  second.send(get());
  until_events(2);
  const auto report = server_->shutdown(kGrace);
  EXPECT_EQ(events, (Events{"waits", "waits", "on_shutdown", "on_shutdown"}));
  for (Client* one : {&first, &second}) {
    EXPECT_TRUE(last_of(*one).ends_with("try again")) << one->received;
    EXPECT_EQ(occurrences(one->received, kClose), 1U);
  }
  expect(report, 2, 0);
}

TEST_F(HandlerShutdownTest, a_long_poll_that_begins_during_the_shutdown_hears_of_it) {
  locks::Condition condition;
  news = &condition;
  serve<PollHandler>();
  Client first(loop_, server_->port());
  const auto report = server_->shutdown(kGrace);  // which accepts the client
  first.send(get());
  EXPECT_TRUE(last_of(first).ends_with("try again"));
  EXPECT_EQ(events, Events{"waits"}) << "shutting_down() was true from the beginning";
  expect(report, 1, 0);
}

struct EventsHandler : web::RequestHandler {
  Future<void> get() {
    while (!shutting_down()) {
      write("event\n");
      co_await flush();
      note("sent");
      wait_ = news->wait();
      co_await wait_;
    }
    write("end\n");
  }
  void on_shutdown() override { news->notify_all(); }
  Future<bool> wait_;
};

TEST_F(HandlerShutdownTest, a_stream_ends_with_its_last_chunk) {
  locks::Condition condition;
  news = &condition;
  serve<EventsHandler>();
  Client client(loop_, server_->port());
  client.send(get());
  until_events(1);
  const auto report = server_->shutdown(kGrace);
  EXPECT_TRUE(client.until("0\r\n\r\n").ends_with("4\r\nend\n\r\n0\r\n\r\n")) << client.received;
  client.close();
  expect(report, 1, 0);
}

// The same for a verb that does not ask shutting_down().
struct CancelledHandler : web::RequestHandler {
  Future<void> get(std::string begins) {
    if (begins == "yes") {
      write("event\n");
      co_await flush();
    }
    note("waits");
    wait_ = news->wait();
    co_await wait_;
    note("never");
  }
  void on_shutdown() override { wait_.cancel(); }
  void on_finish() override { note("on_finish"); }
  Future<bool> wait_;
};

TEST_F(HandlerShutdownTest, a_wait_that_is_cancelled_ends_the_response) {
  locks::Condition condition;
  news = &condition;
  serve<CancelledHandler>({}, "/(.*)");
  Client stream(loop_, server_->port());
  Client poll(loop_, server_->port());
  stream.send(get("/yes"));
  poll.send(get("/no"));
  until_events(2);
  const auto report = server_->shutdown(kGrace);
  EXPECT_TRUE(stream.until("0\r\n\r\n").ends_with("6\r\nevent\n\r\n0\r\n\r\n")) << stream.received;
  EXPECT_TRUE(last_of(poll).starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
  EXPECT_EQ(occurrences(poll.received, kClose), 1U);
  stream.close();
  expect(report, 2, 0);
  EXPECT_EQ(events, (Events{"waits", "waits", "on_finish", "on_finish"}));
  EXPECT_EQ(log_.count("Cancelled"), 0U) << log_.text();
}

struct ThrowingHandler : web::RequestHandler {
  web::asynchronous get() {
    note("waits");
    return {};
  }
  void on_shutdown() override { throw web::HTTPError(503); }
  void on_finish() override { note("on_finish"); }
};

TEST_F(HandlerShutdownTest, an_exception_becomes_the_response) {
  serve<ThrowingHandler>();
  Client client(loop_, server_->port());
  client.send(get());
  until_events(1);
  const auto report = server_->shutdown(kGrace);
  EXPECT_TRUE(last_of(client).starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
  EXPECT_EQ(occurrences(client.received, kClose), 1U);
  EXPECT_EQ(events, (Events{"waits", "on_finish"}));
  expect(report, 1, 0);
}

struct DeafHandler : web::RequestHandler {
  web::asynchronous get() {
    note("waits");
    return {};
  }
  void on_connection_close() override { note("on_connection_close"); }
  void on_finish() override { note("on_finish"); }
};

TEST_F(HandlerShutdownTest, a_handler_that_does_not_end_is_cut_off) {
  serve<DeafHandler>();
  Client client(loop_, server_->port());
  client.send(get());
  until_events(1);
  expect(server_->shutdown(0.01), 0, 1);
  EXPECT_EQ(client.until_end(), "");
  until_events(3);
  EXPECT_EQ(events, (Events{"waits", "on_connection_close", "on_finish"}));
}

// ---- WebSockets ---------------------------------------------------------------------------------

struct LastWords : Echo {
  void on_shutdown() override { write_message("back soon"); }
};

TEST_F(HandlerShutdownTest, web_sockets_get_1001_after_their_last_message) {
  serve<LastWords>();
  SocketClient client = connect();
  const auto report = server_->shutdown(kGrace);
  EXPECT_EQ(client.until(server_close(1001)), server_text("back soon") + server_close(1001));
  client.send(close_frame(1001));
  client.until_end();
  client.close();
  expect(report, 1, 0);
  EXPECT_EQ(events, (Events{"on_finish", "open", "on_close 1001 "}));
  EXPECT_EQ(living, 0);
}

TEST_F(HandlerShutdownTest, messages_sent_before_1001_are_read_and_its_reply_may_take_long) {
  serve<Echo>();
  SocketClient client = connect();
  const auto report = server_->shutdown(kGrace);
  client.until(server_close(1001));
  client.send(text("crossed on the way"));
  client.send(client_frame(http::Opcode::kPing, "still here"));
  until_events(3);
  EXPECT_FALSE(report.done());
  client.send(close_frame(1001));
  client.until_end();
  client.close();
  expect(report, 1, 0);
}

TEST_F(HandlerShutdownTest, a_client_that_ignores_1001_is_cut_off) {
  serve<Echo>();
  SocketClient client = connect();
  expect(server_->shutdown(0.02), 0, 1);
  EXPECT_EQ(client.until_end(), server_close(1001));
  EXPECT_EQ(events, (Events{"on_finish", "open", "on_close 0 "}));
}

struct Flood : Echo {
  void open() { write_message(std::string(20'000'000, 'x'), true); }
};

TEST_F(HandlerShutdownTest, a_client_that_does_not_read_is_cut_off) {
  serve<Flood>();
  SocketClient client = connect("/", "", 4096);
  expect(server_->shutdown(0.02), 0, 1);
  EXPECT_LT(client.until_end().size(), 20'000'000U);
  EXPECT_EQ(living, 0);
}

TEST_F(HandlerShutdownTest, a_new_web_socket_is_refused_with_503) {
  serve<Echo>();
  Client client(loop_, server_->port());
  const auto report = server_->shutdown(kGrace);
  client.send(get("/", kHandshake));
  EXPECT_TRUE(last_of(client).starts_with("HTTP/1.1 503 ")) << client.received;
  expect(report, 1, 0);
}

struct Ends : Echo {
  void on_shutdown() override { std::exchange(shut_down, nullptr)->reset(); }
  static inline std::optional<web::Application>* shut_down = nullptr;
};

TEST_F(HandlerShutdownTest, a_web_socket_may_destroy_the_application) {
  serve<Ends>();
  const SocketClient first = connect();
  const SocketClient second = connect();
  Ends::shut_down = &app_;
  const auto report = server_->shutdown(kGrace);
  ASSERT_TRUE(report.done());
  EXPECT_EQ(report.result().cut, 2U);
  some_rounds();
  EXPECT_EQ(living, 0);
}

struct Fails : Echo {
  void on_shutdown() override { throw std::runtime_error("no last words"); }
};

TEST_F(HandlerShutdownTest, an_exception_of_a_web_socket_is_logged_and_1001_is_sent) {
  serve<Fails>();
  SocketClient client = connect();
  const auto report = server_->shutdown(kGrace);
  client.until(server_close(1001));
  client.close();
  expect(report, 1, 0);
  EXPECT_EQ(log_.count("no last words"), 1U) << log_.text();
}

}  // namespace
}  // namespace tornado::test
