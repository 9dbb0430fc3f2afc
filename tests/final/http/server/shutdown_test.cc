// HTTPServer::shutdown(): what each connection gets, and when it ends.
#include <signal.h>
#include <tornado/tcpclient.h>

#include <cmath>
#include <limits>
#include <optional>

#include "../../net/tls/tls_test_tools.h"
#include "server_test_tools.h"

namespace tornado::test {
namespace {

using httpserver::HTTPServer;
using httpserver::ShutdownReport;
using httputil::HTTPServerRequest;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr double kGrace = 10;

// Returns all that the client got, and closes it: the server would wait a second for that.
std::string last_of(Client& client) {
  client.until_end();
  client.close();
  return client.received;
}

const std::string kClose = "Connection: close\r\n";

class ShutdownTest : public ::testing::Test {
 protected:
  // A server that answers at once, except "/wait", "/wait2" and so on.
  ShutdownTest() : server_(make_server([this](HTTPServerRequest request) { serve(request); })) {}

  void serve(HTTPServerRequest& request) {
    if (request.path.starts_with("/wait")) {
      waiting_.push_back(std::move(request));
    } else if (request.path == "/big") {
      answer(*request.connection, std::string(30'000'000, 'x'));
    } else {
      echo_uri(request);
    }
  }
  Client& client(std::string_view first = "") {
    clients_.push_back(std::make_unique<Client>(loop_, server_->port()));
    const std::size_t expected = clients_.size();
    clients_.back()->send(first);
    run_until(loop_, [&] { return server_->connection_count() == expected; });
    return *clients_.back();
  }
  Client& waiting_client(std::string_view sent = get("/wait")) {
    const std::size_t before = waiting_.size();
    Client& made = client(sent);
    run_until(loop_, [&] { return waiting_.size() > before; });
    return made;
  }
  ShutdownReport end_of(const Future<ShutdownReport>& future) {
    return run(loop_, [&] { return future; });
  }
  bool refuses(std::uint16_t port) {
    return run(loop_, [port]() -> Future<bool> {
      try {
        const tcpclient::TCPClient client;
        auto connecting = client.connect("127.0.0.1", port);
        co_await connecting;
      } catch (const iostream::StreamClosedError&) {
        co_return true;
      }
      co_return false;
    });
  }

  LogLines log_;
  ioloop::IOLoop loop_;
  std::vector<HTTPServerRequest> waiting_;
  std::unique_ptr<HTTPServer> server_;
  std::vector<std::unique_ptr<Client>> clients_;
};

void expect(const ShutdownReport& report, std::size_t finished, std::size_t cut,
            std::size_t idle_closed) {
  EXPECT_EQ(report.finished, finished);
  EXPECT_EQ(report.cut, cut);
  EXPECT_EQ(report.idle_closed, idle_closed);
}

TEST_F(ShutdownTest, without_connections_it_is_done_at_once) {
  HTTPServer never_listened(echo_uri);
  const auto first = never_listened.shutdown(kGrace);
  EXPECT_TRUE(first.done());
  expect(first.result(), 0, 0, 0);
  EXPECT_FALSE(never_listened.shutting_down());
  const std::uint16_t port = server_->port();
  EXPECT_TRUE(server_->shutdown(kGrace).done());
  EXPECT_TRUE(refuses(port));
}

TEST_F(ShutdownTest, a_grace_that_is_no_time_is_refused) {
  EXPECT_THAT([&] { static_cast<void>(server_->shutdown(-1)); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("is -1 s")));
  EXPECT_THROW(static_cast<void>(server_->shutdown(std::nan(""))), std::invalid_argument);
  EXPECT_NE(server_->port(), 0) << "it still listens";
}

TEST_F(ShutdownTest, requests_in_progress_are_answered_and_close) {
  Client& first = waiting_client();
  Client& second = waiting_client();
  const std::uint16_t port = server_->port();
  const auto report = server_->shutdown(kGrace);
  EXPECT_TRUE(server_->shutting_down());
  EXPECT_TRUE(refuses(port));
  EXPECT_FALSE(report.done());
  EXPECT_TRUE(waiting_[0].connection->shutting_down());
  for (HTTPServerRequest& request : waiting_) answer(*request.connection, "last");
  for (Client* one : {&first, &second}) {
    EXPECT_EQ(occurrences(last_of(*one), kClose), 1U) << one->received;
    EXPECT_TRUE(one->received.ends_with("last"));
    EXPECT_FALSE(one->was_reset);
  }
  expect(end_of(report), 2, 0, 0);
  EXPECT_FALSE(server_->shutting_down());
  EXPECT_FALSE(waiting_[0].connection->shutting_down());
}

TEST_F(ShutdownTest, idle_connections_have_half_a_second_for_one_more_request) {
  HTTPServer other(echo_uri);
  other.listen(0, "127.0.0.1");
  Client idle(loop_, other.port());
  idle.send(get("/1"));
  idle.until("/1 []");
  Client silent(loop_, other.port());
  run_until(loop_, [&] { return other.connection_count() == 2; });

  Client& used = client(get("/1"));
  used.until("/1 []");
  const double begun = loop_.time();
  expect(end_of(server_->shutdown(kGrace)), 0, 0, 1);
  EXPECT_GE(loop_.time() - begun, 0.45);
  EXPECT_TRUE(last_of(used).ends_with("/1 []"));

  // By now the connections of the other server have been idle for longer than that.
  // A proxy may be about to use them all the same.
  const double second = loop_.time();
  const auto report = other.shutdown(kGrace);
  some_rounds(loop_);
  idle.send(get("/2"));
  EXPECT_TRUE(last_of(idle).ends_with("/2 []"));
  EXPECT_EQ(occurrences(idle.received, kClose), 1U);
  expect(end_of(report), 1, 0, 1);
  EXPECT_GE(loop_.time() - second, 0.45);
}

TEST_F(ShutdownTest, a_request_on_its_way_to_an_idle_connection_is_answered) {
  Client& kept = client(get("/1"));
  kept.until("/1 []");
  Client& fresh = client();
  const auto report = server_->shutdown(kGrace);
  some_rounds(loop_);
  kept.send(get("/2"));
  fresh.send(get("/3"));
  EXPECT_TRUE(last_of(kept).ends_with("/2 []"));
  EXPECT_TRUE(last_of(fresh).ends_with("/3 []"));
  EXPECT_EQ(occurrences(kept.received, kClose), 1U);
  EXPECT_EQ(occurrences(fresh.received, kClose), 1U);
  expect(end_of(report), 2, 0, 0);
}

TEST_F(ShutdownTest, connections_in_the_backlog_are_served) {
  // The loop does not run: the server has not accepted them.
  Client first(loop_, server_->port());
  Client second(loop_, server_->port());
  first.send(get("/1"));
  const auto report = server_->shutdown(kGrace);
  second.send(get("/2"));
  EXPECT_TRUE(last_of(first).ends_with("/1 []"));
  EXPECT_TRUE(last_of(second).ends_with("/2 []"));
  expect(end_of(report), 2, 0, 0);
}

TEST_F(ShutdownTest, requests_that_were_pipelined_are_all_answered) {
  Client& piped = waiting_client(get("/wait1") + get("/2") + get("/3"));
  some_rounds(loop_);
  const auto report = server_->shutdown(kGrace);
  answer(*waiting_[0].connection, "first");
  EXPECT_TRUE(last_of(piped).ends_with("/3 []"));
  EXPECT_EQ(occurrences(piped.received, "200 OK"), 3U);
  EXPECT_EQ(occurrences(piped.received, kClose), 1U);
  EXPECT_GT(piped.received.find(kClose), piped.received.find("/2 []"));
  expect(end_of(report), 1, 0, 0);
}

TEST_F(ShutdownTest, a_client_that_always_pipelines_one_more_does_not_hold_the_server_up) {
  Client& piped = waiting_client(get("/wait") + get("/wait"));
  const auto report = server_->shutdown(kGrace);
  run_until(loop_, [&] {
    if (!waiting_.empty()) {
      answer(*waiting_.back().connection, "one");
      waiting_.clear();
      piped.send(get("/wait"));
    }
    piped.pump();
    return piped.ended;
  });
  EXPECT_EQ(occurrences(piped.received, kClose), 1U);
  expect(end_of(report), 1, 0, 0);
}

TEST_F(ShutdownTest, a_response_begun_before_may_be_followed_by_a_last_request) {
  Client& kept = waiting_client();
  httputil::HTTPHeaders headers;
  headers.add("Content-Length", "6");
  waiting_[0].connection->write_headers({"", 200, "OK"}, headers, "one");
  kept.until("one");
  const auto report = server_->shutdown(kGrace);
  waiting_[0].connection->write("two");
  waiting_[0].connection->finish();
  EXPECT_EQ(occurrences(kept.until("onetwo"), kClose), 0U);
  kept.send(get("/2"));
  EXPECT_TRUE(last_of(kept).ends_with("/2 []"));
  EXPECT_EQ(occurrences(kept.received, kClose), 1U);
  expect(end_of(report), 1, 0, 0);
}

TEST_F(ShutdownTest, messages_that_have_begun_are_read_to_their_end) {
  Client& head = client("GET /head HTTP/1.1\r\nHo");
  Client& body = client(kHalfBody);
  Client& asks = client("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-conti");
  some_rounds(loop_);
  const auto report = server_->shutdown(kGrace);
  some_rounds(loop_);
  head.send("st: x\r\n\r\n");
  body.send("cde");
  asks.send("nue\r\n\r\n");
  asks.until("100 Continue\r\n\r\n");
  asks.send("12345");
  EXPECT_TRUE(last_of(head).ends_with("/head []")) << head.received;
  EXPECT_TRUE(last_of(body).ends_with("/ [abcde]")) << body.received;
  EXPECT_TRUE(last_of(asks).ends_with("/ [12345]")) << asks.received;
  for (const auto& one : clients_) EXPECT_EQ(occurrences(one->received, kClose), 1U);
  expect(end_of(report), 3, 0, 0);
}

TEST_F(ShutdownTest, http_1_0_is_not_told_that_its_connection_is_kept) {
  Client& old = waiting_client("GET /wait HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const auto report = server_->shutdown(kGrace);
  answer(*waiting_[0].connection, "last");
  EXPECT_TRUE(last_of(old).ends_with("last"));
  EXPECT_EQ(occurrences(old.received, "Connection:"), 0U) << old.received;
  expect(end_of(report), 1, 0, 0);
}

TEST_F(ShutdownTest, what_is_left_is_cut_off_when_the_grace_is_over) {
  Client& never = waiting_client();
  Client& half = client(kHalfBody);
  Client slow(loop_, server_->port(), 4096);
  slow.send(get("/big"));
  run_until(loop_, [&] { return server_->connection_count() == 3; });
  some_rounds(loop_);
  expect(end_of(server_->shutdown(0.02)), 0, 3, 0);
  EXPECT_EQ(last_of(never), "");
  EXPECT_EQ(last_of(half), "");
  EXPECT_LT(last_of(slow).size(), 30'000'000U);
  EXPECT_EQ(server_->connection_count(), 0U);
  EXPECT_THROW(waiting_[0].connection->write("x").result(), iostream::StreamClosedError);
}

TEST_F(ShutdownTest, without_grace_everything_ends_at_once) {
  waiting_client();
  Client& kept = client(get("/1"));
  kept.until("/1 []");
  expect(end_of(server_->shutdown(0)), 0, 1, 1);
}

TEST_F(ShutdownTest, a_second_call_can_shorten_the_grace_but_not_extend_it) {
  waiting_client();
  const auto first = server_->shutdown(std::numeric_limits<double>::infinity());
  const auto second = server_->shutdown(0.01);
  const auto third = server_->shutdown(kGrace);
  const double begun = loop_.time();
  for (const auto& report : {first, second, third}) expect(end_of(report), 0, 1, 0);
  EXPECT_LT(loop_.time() - begun, kGrace / 2);
}

TEST_F(ShutdownTest, the_future_can_be_cancelled_and_asked_for_again) {
  waiting_client();
  const auto first = server_->shutdown(kGrace);
  EXPECT_TRUE(first.cancel());
  const auto second = server_->shutdown(std::chrono::seconds(10));
  answer(*waiting_[0].connection, "last");
  expect(end_of(second), 1, 0, 0);
  EXPECT_TRUE(log_.empty()) << log_.text();
}

TEST_F(ShutdownTest, the_server_can_listen_again) {
  waiting_client();
  const auto report = server_->shutdown(kGrace);
  answer(*waiting_[0].connection, "last");
  end_of(report);
  server_->listen(0, "127.0.0.1");
  Client again(loop_, server_->port());
  again.send(get("/1"));
  again.until("/1 []");
  again.send(get("/2"));
  EXPECT_EQ(occurrences(again.until("/2 []"), kClose), 0U);
  expect(end_of(server_->shutdown(kGrace)), 0, 0, 1);
}

TEST_F(ShutdownTest, a_request_may_shut_its_server_down) {
  std::optional<Future<ShutdownReport>> report;
  std::unique_ptr<HTTPServer> server;
  server = make_server([&](const HTTPServerRequest& request) {
    report = server->shutdown(kGrace);
    echo_uri(request);
  });
  Client one(loop_, server->port());
  one.send(get("/down"));
  EXPECT_TRUE(last_of(one).ends_with("/down []"));
  EXPECT_EQ(occurrences(one.received, kClose), 1U);
  expect(end_of(*report), 1, 0, 0);
}

TEST_F(ShutdownTest, destroying_the_server_ends_the_shutdown) {
  waiting_client();
  client(get("/1")).until("/1 []");
  const auto report = server_->shutdown(kGrace);
  server_.reset();
  ASSERT_TRUE(report.done());
  expect(report.result(), 0, 1, 1);
}

TEST_F(ShutdownTest, closing_all_connections_ends_it_too) {
  waiting_client();
  const auto report = server_->shutdown(kGrace);
  run(loop_, [&] { return server_->close_all_connections(); });
  ASSERT_TRUE(report.done());
  expect(report.result(), 0, 1, 0);
}

// ---- what the delegate is told ------------------------------------------------------------------

class ToldTest : public ::testing::Test {
 protected:
  // Notes each call of on_shutdown(), and then calls `act`.
  struct Delegate final : httputil::HTTPServerConnectionDelegate {
    struct Message final : httputil::HTTPMessageDelegate {
      Message(Delegate& to, std::shared_ptr<httputil::HTTPConnection> with)
          : owner(to), connection(std::move(with)) {}
      Future<void> headers_received(httputil::RequestStartLine, httputil::HTTPHeaders) override {
        return ScriptedDelegate::ready();
      }
      Future<void> data_received(std::string) override { return ScriptedDelegate::ready(); }
      void finish() override { ++owner.complete; }
      void on_shutdown() override {
        ++owner.told;
        if (owner.act) owner.act(*connection);
      }
      Delegate& owner;
      std::shared_ptr<httputil::HTTPConnection> connection;
    };
    std::unique_ptr<httputil::HTTPMessageDelegate> start_request(
        const void*, std::shared_ptr<httputil::HTTPConnection> connection) override {
      return std::make_unique<Message>(*this, std::move(connection));
    }
    std::function<void(httputil::HTTPConnection&)> act;
    int complete = 0;
    int told = 0;
  };

  ToldTest() : server_(std::make_unique<HTTPServer>(delegate_)) { server_->listen(0, "127.0.0.1"); }
  void connect(const std::string& sent, int complete) {
    clients_.push_back(std::make_unique<Client>(loop_, server_->port()));
    clients_.back()->send(sent);
    run_until(loop_, [&] {
      return delegate_.complete == complete && server_->connection_count() == clients_.size();
    });
  }

  ioloop::IOLoop loop_;
  Delegate delegate_;
  std::unique_ptr<HTTPServer> server_;
  std::vector<std::unique_ptr<Client>> clients_;
};

TEST_F(ToldTest, a_waiting_delegate_hears_once_and_one_with_half_a_request_when_it_is_complete) {
  delegate_.act = [](httputil::HTTPConnection& connection) { answer(connection, "told"); };
  connect(get("/1"), 1);
  connect(kHalfBody, 1);
  const auto report = server_->shutdown(kGrace);
  EXPECT_EQ(delegate_.told, 1);
  EXPECT_TRUE(last_of(*clients_[0]).ends_with("told"));
  clients_[1]->send("cde");
  EXPECT_TRUE(last_of(*clients_[1]).ends_with("told"));
  EXPECT_EQ(delegate_.told, 2);
  expect(run(loop_, [&] { return report; }), 2, 0, 0);
}

TEST_F(ToldTest, it_may_destroy_the_server) {
  for (int i = 1; i <= 3; ++i) connect(get("/1"), i);
  delegate_.act = [&](httputil::HTTPConnection&) { server_.reset(); };
  const auto report = server_->shutdown(kGrace);
  EXPECT_EQ(delegate_.told, 1);
  ASSERT_TRUE(report.done());
  expect(report.result(), 0, 3, 0);
  for (const auto& one : clients_) EXPECT_EQ(last_of(*one), "");
}

TEST_F(ToldTest, it_may_close_all_connections) {
  for (int i = 1; i <= 3; ++i) connect(get("/1"), i);
  delegate_.act = [&](httputil::HTTPConnection&) {
    static_cast<void>(server_->close_all_connections());
  };
  const auto report = server_->shutdown(kGrace);
  run(loop_, [&] { return report; });
  EXPECT_EQ(delegate_.told, 1);
  EXPECT_EQ(server_->connection_count(), 0U);
}

TEST_F(ToldTest, an_exception_is_logged_and_the_others_still_hear_of_it) {
  const LogLines log;
  for (int i = 1; i <= 2; ++i) connect(get("/1"), i);
  delegate_.act = [](httputil::HTTPConnection&) { throw std::runtime_error("not now"); };
  const auto report = server_->shutdown(0);
  EXPECT_EQ(delegate_.told, 2);
  EXPECT_EQ(occurrences(log.text(), "not now"), 2U) << log.text();
  expect(run(loop_, [&] { return report; }), 0, 2, 0);
}

// ---- TLS ----------------------------------------------------------------------------------------

TEST_F(ShutdownTest, tls_connections_are_answered_and_closed_in_order) {
  httpserver::HTTPServerOptions options;
  options.ssl_options = server_options();
  std::vector<HTTPServerRequest> held;
  HTTPServer server(
      [&](HTTPServerRequest request) {
        if (request.path == "/wait") {
          held.push_back(std::move(request));
        } else {
          echo_uri(request);
        }
      },
      options);
  server.listen(0, "127.0.0.1");
  tcpclient::ConnectOptions to;
  to.ssl_options = client_options();
  const auto connect = [&] {
    return run(loop_,
               [&] { return tcpclient::TCPClient().connect("localhost", server.port(), to); });
  };
  const iostream::IOStream waiting = connect();
  const iostream::IOStream kept = connect();
  waiting.write(get("/wait"));
  kept.write(get("/1"));
  run(loop_, [&] { return kept.read_until("/1 []"); });
  run_until(loop_, [&] { return held.size() == 1; });
  const auto report = server.shutdown(kGrace);
  answer(*held[0].connection, "last");
  const std::string all = run(loop_, [&] { return waiting.read_until_close(); });
  EXPECT_TRUE(all.ends_with("last"));
  EXPECT_EQ(occurrences(all, kClose), 1U);
  EXPECT_EQ(run(loop_, [&] { return kept.read_until_close(); }), "");
  expect(run(loop_, [&] { return report; }), 1, 0, 1);
}

// ---- the signal ---------------------------------------------------------------------------------

TEST_F(ShutdownTest, run_until_signal_returns_when_the_last_response_has_left) {
  for (const int signal : {SIGTERM, SIGINT}) {
    server_->listen(0, "127.0.0.1");
    Client one(loop_, server_->port());
    one.send(get("/wait"));
    waiting_.clear();
    run_until(loop_, [&] { return waiting_.size() == 1; });
    loop_.add_callback([&] { ::raise(signal); });
    loop_.call_later(0.01, [&] {
      struct sigaction after{};
      ::sigaction(signal, nullptr, &after);
      EXPECT_EQ(after.sa_handler, SIG_DFL) << "so that a second signal ends the process";
      answer(*waiting_[0].connection, "last");
      loop_.spawn_callback([&]() -> Future<void> {  // reads, so that the server sees its end
        while (!one.ended) {
          one.pump();
          co_await gen::sleep(0.001);
        }
        one.close();
      });
    });
    expect(ioloop::run_until_signal(*server_, kGrace), 1, 0, 0);
    EXPECT_TRUE(last_of(one).ends_with("last"));
  }
  EXPECT_EQ(
      occurrences(log_.text(), "Shut down. Connections: 1 finished, 0 cut off, 0 closed idle"), 2U)
      << log_.text();
}

TEST_F(ShutdownTest, run_until_signal_ends_when_the_loop_is_stopped) {
  loop_.add_callback([&] { loop_.stop(); });
  expect(ioloop::run_until_signal(*server_), 0, 0, 0);
  EXPECT_NE(server_->port(), 0);
}

}  // namespace
}  // namespace tornado::test
