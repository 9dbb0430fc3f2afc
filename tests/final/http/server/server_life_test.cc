// The end of HTTPServer: clients that leave, and servers and loops that are destroyed while
// connections are in every state.
#include <optional>
#include <thread>

#include "server_test_tools.h"

namespace tornado::test {
namespace {

using httpserver::HTTPServer;
using httpserver::HTTPServerOptions;
using httputil::HTTPServerRequest;

// ---- half-closed clients ------------------------------------------------------------------------

class LifeTest : public ::testing::Test {
 protected:
  LogLines log_;
  ioloop::IOLoop loop_;
};

TEST_F(LifeTest, half_close_between_and_within_heads_closes) {
  const auto server = make_server(echo_uri);
  for (const std::string& sent : {std::string(), kHalfHead, kHalfBody}) {
    Client client(loop_, server->port());
    client.send(sent);
    some_rounds(loop_);
    client.half_close();
    EXPECT_EQ(client.until_end(), "") << sent;
  }
}

TEST_F(LifeTest, a_half_close_after_requests_gets_all_responses) {
  const auto server = make_server([](HTTPServerRequest request) -> Future<void> {
    co_await gen::sleep(0.001);
    echo_uri(request);
  });
  Client client(loop_, server->port());
  client.send(get("/1") + get("/2") + get("/3"));
  client.half_close();
  EXPECT_EQ(occurrences(client.until_end(), "200 OK"), 3U);
  EXPECT_TRUE(client.received.ends_with("/3 []"));
}

TEST_F(LifeTest, half_close_while_a_delegate_holds_back_the_end_of_the_body) {
  ScriptedDelegate delegate;
  std::vector<std::string> events;
  std::vector<Future<void>> holds;
  delegate.script = {[&](const httputil::RequestStartLine&) { return ScriptedDelegate::ready(); },
                     [&](const std::string&) { return holds.emplace_back(); },
                     [&] {
                       events.push_back("finish");
                       answer(*delegate.connection, "done");
                     },
                     [&] { events.push_back("gone"); }};
  HTTPServer server(delegate);
  server.listen(0, "127.0.0.1");

  Client whole(loop_, server.port());
  whole.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcde");
  whole.half_close();
  run_until(loop_, [&] { return holds.size() == 1; });
  some_rounds(loop_);
  EXPECT_EQ(events, std::vector<std::string>{"gone"}) << "it may still read the answer";
  holds[0].set_result();
  EXPECT_TRUE(whole.until_end().ends_with("done"));
  EXPECT_EQ(events, (std::vector<std::string>{"gone", "finish"}));
  events.clear();

  Client half(loop_, server.port());
  half.send(kHalfBody);
  half.half_close();
  run_until(loop_, [&] { return holds.size() == 2; });
  EXPECT_EQ(half.until_end(), "");
  holds[1].set_result();
  some_rounds(loop_);
  run_until(loop_, [&] { return server.connection_count() == 0; });
  EXPECT_EQ(events, std::vector<std::string>{"gone"});
}

TEST_F(LifeTest, on_connection_close_may_answer) {
  ScriptedDelegate delegate;
  delegate.script.on_gone = [&] { answer(*delegate.connection, "goodbye"); };
  HTTPServer server(delegate);
  server.listen(0, "127.0.0.1");
  Client client(loop_, server.port());
  client.send(get("/1"));
  run_until(loop_, [&] { return delegate.started == 1; });
  client.send(get("/2"));  // begins when the end is already known
  some_rounds(loop_);
  client.half_close();
  EXPECT_EQ(occurrences(client.until_end(), "goodbye"), 2U);
}

// ---- the end of servers -------------------------------------------------------------------------

TEST_F(LifeTest, a_hundred_servers_leave_no_descriptor) {
  {
    make_server(echo_uri);
  }
  const int before = open_descriptors();
  for (int i = 0; i < 100; ++i) {
    const auto server = make_server(echo_uri);
    Client client(loop_, server->port());
    client.send(get("/x"));
    client.until("/x []");
  }
  some_rounds(loop_);
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(LifeTest, one_server_stops_and_listens_again_a_hundred_times) {
  HTTPServer server(echo_uri);
  for (int i = 0; i < 100; ++i) {
    server.listen(0, "127.0.0.1");
    Client client(loop_, server.port());
    server.stop();  // the connection is in the backlog: it closes with it, or survives
    server.listen(0, "127.0.0.1");
    Client second(loop_, server.port());
    second.send(get("/x"));
    second.until("/x []");
    server.stop();
    second.send(get("/y"));  // a connection outlives its listener
    second.until("/y []");
  }
  run(loop_, [&]() -> Future<void> { co_await server.close_all_connections(); });
  EXPECT_EQ(server.connection_count(), 0U);
}

TEST_F(LifeTest, two_servers_on_one_loop) {
  const auto one = make_server([](const HTTPServerRequest& r) { answer(*r.connection, "one"); });
  auto two = make_server([](const HTTPServerRequest& r) { answer(*r.connection, "two"); });
  Client first(loop_, one->port());
  Client second(loop_, two->port());
  first.send(get());
  second.send(get());
  first.until("one");
  second.until("two");
  two.reset();
  EXPECT_TRUE(second.until_end().ends_with("two"));
  first.send(get());
  first.until("one", 2);
}

TEST(ServerThreads, two_loops_in_two_threads_each_with_a_server) {
  const auto serve = [](const std::string& name) {
    ioloop::IOLoop loop;
    const auto server =
        make_server([name](const HTTPServerRequest& r) { answer(*r.connection, name); });
    for (int i = 0; i < 20; ++i) {
      Client client(loop, server->port());
      client.send(get());
      client.until(name);
    }
  };
  std::thread other(serve, "other");
  serve("this");
  other.join();
}

// Clients in every state a connection can be in.
class StatesTest : public LifeTest {
 protected:
  // `server` is one of slow_server().
  void fill(std::uint16_t port) {
    for (const std::string& sent :
         {std::string(), kHalfHead, kHalfBody, get("/never"), get("/half"), get("/big"),
          get("/never") + get("/behind"), get("/done", "Connection: close\r\n"), get("/done")}) {
      clients_.emplace_back(loop_, port);
      clients_.back().send(sent);
    }
    run_until(loop_, [&] { return kept_.size() == 4 && done_ == 2; });
    some_rounds(loop_);
  }
  auto slow_handler() {
    return [this](HTTPServerRequest request) {
      if (request.uri == "/half") {
        request.connection->write_headers({"", 200, "OK"}, {}, "half");
      } else if (request.uri == "/big") {
        sent_ =
            request.connection->write_headers({"", 200, "OK"}, {}, std::string(30'000'000, 'x'));
      } else if (request.uri == "/done") {
        ++done_;
        return echo_uri(request);
      }
      kept_.push_back(std::move(request));
    };
  }
  void all_are_gone() {
    for (const HTTPServerRequest& request : kept_) {
      EXPECT_THROW(request.connection->write("x").result(), iostream::StreamClosedError);
      request.connection->finish();
    }
  }

  std::vector<HTTPServerRequest> kept_;
  std::optional<Future<void>> sent_;
  std::vector<Client> clients_;
  int done_ = 0;
};

TEST_F(StatesTest, a_server_is_destroyed_with_connections_in_every_state) {
  auto server = make_server(slow_handler());
  fill(server->port());
  server.reset();
  all_are_gone();
  for (Client& client : clients_) client.until_end();
  some_rounds(loop_);
  EXPECT_TRUE(sent_->done());
}

// HS-04
TEST_F(StatesTest, close_all_connections_waits_for_all_of_them) {
  const auto server = make_server(slow_handler());
  fill(server->port());
  EXPECT_GE(server->connection_count(), 7U);
  const Future<void> first = server->close_all_connections();
  const Future<void> second = server->close_all_connections();
  run_until(loop_, [&] { return first.done() && second.done(); });
  EXPECT_EQ(server->connection_count(), 0U);
  all_are_gone();
  for (Client& client : clients_) client.until_end();
  EXPECT_TRUE(server->close_all_connections().done());
}

// HS-04
TEST_F(LifeTest, waiting_for_close_all_connections_can_be_cancelled) {
  const auto server = make_server(echo_uri);
  Client client(loop_, server->port());
  client.send(get());
  client.until("[]");
  const Future<void> first = server->close_all_connections();
  EXPECT_TRUE(first.cancel());
  const Future<void> second = server->close_all_connections();
  run(loop_, [&] { return second; });
  EXPECT_EQ(server->connection_count(), 0U);
  client.until_end();
  some_rounds(loop_);
  EXPECT_TRUE(log_.empty()) << log_.text();
}

TEST_F(StatesTest, a_loop_is_closed_with_connections_in_every_state) {
  const int before = open_descriptors();
  {
    std::optional<ioloop::IOLoop> loop(std::in_place);
    ioloop::IOLoop::clear_current();
    loop->make_current();
    const auto server = make_server(slow_handler());
    for (const std::string& sent : {std::string(), kHalfHead, kHalfBody, get("/never"),
                                    get("/half"), get("/big"), get("/done")}) {
      clients_.emplace_back(*loop, server->port());
      clients_.back().send(sent);
    }
    run_until(*loop, [&] { return kept_.size() == 3 && done_ == 1; });
    some_rounds(*loop);
    loop->close();
    EXPECT_EQ(server->connection_count(), 0U);
    loop.reset();
    all_are_gone();
    loop_.make_current();
  }
  clients_.clear();
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(LifeTest, a_frame_that_goes_with_its_loop_finds_its_client_gone) {
  struct Local {
    ~Local() {
      if (begun) {
        EXPECT_THROW(connection->write("more").result(), iostream::StreamClosedError);
      } else {
        EXPECT_THROW(connection->write_headers({"", 200, "OK"}, {}, "x").result(),
                     iostream::StreamClosedError);
      }
      connection->finish();
      ++ended;
    }
    std::shared_ptr<httputil::HTTPConnection> connection;
    bool begun;
    int& ended;
  };
  int begun = 0;
  int ended = 0;
  ioloop::IOLoop::clear_current();
  {
    ioloop::IOLoop loop;
    const auto server = make_server([&](HTTPServerRequest request) -> Future<void> {
      if (request.uri == "/begun") request.connection->write_headers({"", 200, "OK"}, {}, "1");
      const Local local{request.connection, request.uri == "/begun", ended};
      ++begun;
      co_await gen::sleep(1000);
    });
    Client first(loop, server->port());
    first.send(get("/begun"));
    Client second(loop, server->port());
    second.send(get("/silent"));
    run_until(loop, [&] { return begun == 2; });
    loop.close();
    EXPECT_EQ(ended, 2);
  }
  loop_.make_current();
}

TEST_F(LifeTest, one_server_serves_loop_after_loop) {
  HTTPServer server(echo_uri);
  ioloop::IOLoop::clear_current();
  for (int i = 0; i < 3; ++i) {
    auto loop = std::make_unique<ioloop::IOLoop>();
    loop->make_current();
    server.listen(0, "127.0.0.1");
    Client client(*loop, server.port());
    client.send(get("/x"));
    client.until("/x []");
    client.send(kHalfHead);
    some_rounds(*loop);
    server.stop();
    loop->close();
    ioloop::IOLoop::clear_current();
  }
  loop_.make_current();
}

TEST_F(LifeTest, a_callable_destroys_its_server_and_goes_on) {
  std::unique_ptr<HTTPServer> server;
  bool after = false;
  server = make_server(
      [&, text = std::string("a capture that is on the heap")](const HTTPServerRequest& request) {
        server.reset();
        EXPECT_EQ(text, "a capture that is on the heap");
        EXPECT_THROW(request.connection->write_headers({"", 200, "OK"}, {}, "x").result(),
                     iostream::StreamClosedError);
        after = true;
      });
  Client client(loop_, server->port());
  client.send(get() + get());
  EXPECT_EQ(client.until_end(), "");
  EXPECT_TRUE(after);
}

TEST_F(LifeTest, a_delegate_destroys_its_server_in_each_of_its_calls) {
  for (int call = 0; call < 4; ++call) {
    ScriptedDelegate delegate;
    auto server = std::make_unique<HTTPServer>(delegate);
    server->listen(0, "127.0.0.1");
    delegate.script = {[&](const httputil::RequestStartLine&) {
                         if (call == 0) server.reset();
                         return ScriptedDelegate::ready();
                       },
                       [&](const std::string&) {
                         if (call == 1) server.reset();
                         return ScriptedDelegate::ready();
                       },
                       [&] {
                         if (call == 2) server.reset();
                       },
                       [&] {
                         if (call == 3) server.reset();
                       }};
    Client other(loop_, server->port());
    other.send(kHalfHead);
    Client client(loop_, server->port());
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
    if (call == 3) {
      run_until(loop_, [&] { return delegate.started == 1; });
      client.reset();
    }
    run_until(loop_, [&] { return server == nullptr; });
    other.until_end();
    some_rounds(loop_);
  }
}

}  // namespace
}  // namespace tornado::test
