// HTTPServer at its limits of time and at its end: timeouts, clients that leave, servers and loops
// that go while connections are in every state.
#include <optional>
#include <thread>

#include "server_test_tools.h"

namespace tornado::test {
namespace {

using httpserver::HTTPServer;
using httpserver::HTTPServerOptions;
using httputil::HTTPServerRequest;

const std::string kHalfHead = "POST / HTTP/1.1\r\nHost:";
const std::string kHalfBody = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab";

void echo_uri(const HTTPServerRequest& request) {
  answer(*request.connection, request.uri + " [" + request.body + "]");
}

template <class F>
std::unique_ptr<HTTPServer> make_server(F function, const HTTPServerOptions& options = {}) {
  auto server = std::make_unique<HTTPServer>(std::move(function), options);
  server->listen(0, "127.0.0.1");
  return server;
}

void some_rounds(ioloop::IOLoop& loop) {
  run_until(loop, [n = 0]() mutable { return ++n > 5; });
}

// ---- timeouts, in virtual time ------------------------------------------------------------------

class TimeoutTest : public ::testing::Test {
 protected:
  static ioloop::IOLoopOptions options(ioloop::Clock& clock) {
    ioloop::IOLoopOptions made;
    made.clock = &clock;
    return made;
  }
  // Lets `seconds` pass, in steps that let bytes arrive.
  void pass(double seconds) {
    const double end = clock_.time() + seconds;
    while (clock_.time() < end) {
      loop_.call_later(std::min(0.5, end - clock_.time()), [this] { loop_.stop(); });
      loop_.start();
    }
    some_rounds(loop_);
  }
  bool ended(Client& client) {
    client.pump();
    return client.ended;
  }

  LogLines log_;
  ioloop::VirtualClock clock_;
  ioloop::IOLoop loop_{options(clock_)};
};

TEST_F(TimeoutTest, H101_idle_connection_timeout) {
  HTTPServerOptions options;
  options.idle_connection_timeout = 10;
  const auto server = make_server(echo_uri, options);
  Client fresh(loop_, server->port());
  pass(8);
  Client used(loop_, server->port());
  used.send(get("/"));
  used.until("/ []");
  EXPECT_FALSE(ended(fresh));
  pass(3);
  EXPECT_TRUE(ended(fresh));
  EXPECT_FALSE(ended(used));
  pass(8);
  EXPECT_TRUE(ended(used));
  EXPECT_EQ(server->connection_count(), 0U);
}

TEST_F(TimeoutTest, H101_header_timeout_counts_from_the_first_byte_and_is_not_put_off) {
  HTTPServerOptions options;
  options.header_timeout = 10;
  const auto server = make_server(echo_uri, options);
  Client slow(loop_, server->port());
  pass(30);
  for (int i = 0; i < 8; ++i) {
    slow.send("G");
    pass(1);
    EXPECT_FALSE(ended(slow)) << i;
  }
  slow.send("E");
  pass(3);
  EXPECT_TRUE(ended(slow));
}

TEST_F(TimeoutTest, H101_body_stall_timeout_starts_anew_with_each_byte) {
  HTTPServerOptions options;
  options.body_stall_timeout = 10;
  const auto server = make_server(echo_uri, options);
  Client client(loop_, server->port());
  client.send(kHalfBody);
  pass(8);
  client.send("c");
  pass(8);
  EXPECT_FALSE(ended(client));
  pass(3);
  EXPECT_TRUE(ended(client));
  EXPECT_EQ(client.received, "");
  EXPECT_EQ(log_.count("Timeout reading body from 127.0.0.1"), 1U);
}

TEST_F(TimeoutTest, H103_body_timeout_is_for_the_whole_body) {
  HTTPServerOptions options;
  options.body_timeout = 10;
  const auto server = make_server(echo_uri, options);
  Client client(loop_, server->port());
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n");
  for (int i = 0; i < 9; ++i) {
    client.send("c");
    pass(1);
  }
  EXPECT_FALSE(ended(client));
  client.send("c");
  pass(2);
  EXPECT_TRUE(ended(client));
}

TEST_F(TimeoutTest, H103_set_body_timeout_is_for_one_request) {
  HTTPServerOptions options;
  options.body_timeout = 10;
  options.body_stall_timeout = 0;
  ScriptedDelegate delegate;
  double seconds = 5;
  delegate.script.on_headers = [&](const httputil::RequestStartLine&) {
    if (seconds != 10) delegate.connection->set_body_timeout(seconds);
    return ScriptedDelegate::ready();
  };
  delegate.script.on_finish = [&] { answer(*delegate.connection, "done"); };
  HTTPServer server(delegate, options);
  server.listen(0, "127.0.0.1");
  Client client(loop_, server.port());
  client.send(kHalfBody + "cde");
  client.until("done");
  for (const double timeout : {5.0, 20.0, 10.0}) {
    seconds = timeout;
    Client slow(loop_, server.port());
    slow.send(kHalfBody);
    pass(timeout - 1);
    EXPECT_FALSE(ended(slow)) << timeout;
    pass(2);
    EXPECT_TRUE(ended(slow)) << timeout;
  }
  seconds = 0;  // none
  Client patient(loop_, server.port());
  patient.send(kHalfBody);
  pass(1000);
  patient.send("cde");
  patient.until("done");
  client.send(kHalfBody + "cde");
  client.until("done", 2);
}

TEST_F(TimeoutTest, a_body_stalls_also_after_its_delegate_held_back) {
  HTTPServerOptions options;
  options.body_stall_timeout = 10;
  ScriptedDelegate delegate;
  Future<void> go_on;
  delegate.script.on_data = [&](const std::string&) { return go_on; };
  HTTPServer server(delegate, options);
  server.listen(0, "127.0.0.1");
  Client client(loop_, server.port());
  client.send(kHalfBody);
  pass(50);
  EXPECT_FALSE(ended(client)) << "it is the delegate that waits";
  go_on.set_result();
  pass(12);
  EXPECT_TRUE(ended(client));
}

TEST_F(TimeoutTest, H101_a_delegate_that_holds_back_a_client_that_has_shut_down_has_a_limit) {
  HTTPServerOptions options;
  options.body_stall_timeout = 10;
  options.chunk_size = 1;
  ScriptedDelegate delegate;
  std::vector<Future<void>> holds;
  int gone = 0;
  delegate.script.on_data = [&](const std::string&) { return holds.emplace_back(); };
  delegate.script.on_gone = [&] { ++gone; };
  HTTPServer server(delegate, options);
  server.listen(0, "127.0.0.1");
  Client client(loop_, server.port());
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab");
  client.half_close();
  pass(8);
  EXPECT_EQ(gone, 1);
  EXPECT_FALSE(ended(client));
  ASSERT_EQ(holds.size(), 1U);
  holds[0].set_result();
  pass(8);
  EXPECT_EQ(holds.size(), 2U);
  EXPECT_FALSE(ended(client)) << "the limit is for each piece";
  pass(3);
  EXPECT_TRUE(ended(client));
  EXPECT_EQ(gone, 1);
}

// A connection is not put at the end of the idle list at each request, only when it is due.
TEST_F(TimeoutTest, H101_idle_time_counts_from_the_last_request_or_a_little_later) {
  HTTPServerOptions options;
  options.idle_connection_timeout = 64;
  const auto server = make_server(echo_uri, options);
  Client client(loop_, server->port());
  for (int i = 0; i < 100; ++i) {
    client.send(get("/" + std::to_string(i)));
    client.until("/" + std::to_string(i) + " []");
    pass(0.7);
  }
  pass(63);
  EXPECT_FALSE(ended(client));
  pass(2);
  EXPECT_TRUE(ended(client));
}

TEST_F(TimeoutTest, no_timer_of_the_request_runs_on_while_the_answer_is_made) {
  HTTPServerOptions options;
  options.idle_connection_timeout = options.header_timeout = options.body_stall_timeout = 10;
  std::vector<HTTPServerRequest> waiting;
  const auto server = make_server(
      [&](HTTPServerRequest request) { waiting.push_back(std::move(request)); }, options);
  Client whole(loop_, server->port());
  Client head(loop_, server->port());
  Client body(loop_, server->port());
  whole.send(get("/"));
  head.send(kHalfHead);
  body.send(kHalfBody);
  pass(1);
  head.send(" x\r\n\r\n");
  body.send("cde");
  pass(100);
  EXPECT_FALSE(ended(whole) || ended(head) || ended(body));
  ASSERT_EQ(waiting.size(), 3U);
  for (const HTTPServerRequest& request : waiting) echo_uri(request);
  whole.until("/ []");
  head.until("/ []");
  body.until("/ [abcde]");
  pass(12);
  EXPECT_TRUE(ended(whole) && ended(head) && ended(body));
}

TEST_F(TimeoutTest, a_limit_of_0_is_none) {
  HTTPServerOptions options;
  options.idle_connection_timeout = options.header_timeout = options.body_stall_timeout = 0;
  const auto server = make_server(echo_uri, options);
  Client idle(loop_, server->port());
  Client head(loop_, server->port());
  Client body(loop_, server->port());
  head.send(kHalfHead);
  body.send(kHalfBody);
  pass(5000);
  EXPECT_FALSE(ended(idle));
  EXPECT_FALSE(ended(head));
  EXPECT_FALSE(ended(body));
}

TEST_F(TimeoutTest, an_answer_in_the_making_has_no_limit) {
  std::optional<HTTPServerRequest> waiting;
  const auto server = make_server([&](HTTPServerRequest request) { waiting = std::move(request); });
  Client client(loop_, server->port());
  client.send(get());
  pass(5000);
  answer(*waiting->connection, "at last");
  client.until("at last");
}

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

TEST_F(LifeTest, half_close_behind_requests_gets_all_answers) {
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
  client.send(get("/2"));  // is begun when the end is known already
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
    server.stop();  // the connection is in the backlog and goes with it, or lives on
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

TEST_F(StatesTest, HS04_close_all_connections_waits_for_all_of_them) {
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

TEST_F(LifeTest, HS04_waiting_for_close_all_connections_can_be_cancelled) {
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
