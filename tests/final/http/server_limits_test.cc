// HTTPServer at its limits: of time, of what its clients may take, and of what it holds.

#include <tornado/detail/file.h>
#include <unistd.h>

#include <cstdio>
#include <optional>

#include "server_test_tools.h"

namespace tornado::test {
namespace {

using httpserver::HTTPServer;
using httpserver::HTTPServerOptions;
using httputil::HTTPServerRequest;

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
  slow.send(get("/"));
  slow.until("/ []");
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

TEST_F(TimeoutTest, a_connection_that_never_sends_a_byte_has_the_time_of_a_head) {
  HTTPServerOptions options;
  options.header_timeout = 10;
  const auto server = make_server(echo_uri, options);
  Client silent(loop_, server->port());
  Client late(loop_, server->port());
  Client used(loop_, server->port());
  used.send(get("/"));
  used.until("/ []");
  pass(9);
  late.send("G");
  pass(0.9);
  EXPECT_FALSE(ended(silent));
  EXPECT_FALSE(ended(late));
  pass(0.2);
  EXPECT_TRUE(ended(silent));
  EXPECT_TRUE(ended(late));
  pass(1000);
  EXPECT_FALSE(ended(used));  // from its first response on it may be idle
}

TEST_F(TimeoutTest, without_header_timeout_a_silent_connection_is_idle) {
  HTTPServerOptions options;
  options.header_timeout = 0;
  options.idle_connection_timeout = 10;
  const auto server = make_server(echo_uri, options);
  Client silent(loop_, server->port());
  pass(9);
  EXPECT_FALSE(ended(silent));
  pass(2);
  EXPECT_TRUE(ended(silent));
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

// ---- clients that do not read

constexpr std::size_t kFar = 32'000'000;  // more than the buffers on the way hold

struct Unread : TimeoutTest {
  // A client that sends `requests` and reads nothing is let go after a minute.
  void expect_closed(HTTPServer& server, const std::string& requests) {
    Client client(loop_, server.port(), 4096);
    client.send(requests);
    pass(59);
    EXPECT_EQ(server.connection_count(), 1U);
    EXPECT_EQ(log_.count("Timeout writing"), 0U);
    pass(62);  // it may have taken a byte in the first minute
    EXPECT_EQ(server.connection_count(), 0U);
    EXPECT_EQ(log_.count("Timeout writing to 127.0.0.1"), 1U);
  }
};

void answer_far(const HTTPServerRequest& request) {
  answer(*request.connection, std::string(kFar, 'x'));
}

TEST_F(Unread, a_response_that_nobody_reads_ends_its_connection) {
  const auto server = make_server(answer_far);
  expect_closed(*server, get("/"));
}

TEST_F(Unread, the_last_response_of_a_connection) {
  const auto server = make_server(answer_far);
  expect_closed(*server, get("/", "Connection: close\r\n"));
}

TEST_F(Unread, responses_to_pipelined_requests) {
  const auto server = make_server([](const HTTPServerRequest& request) {
    answer(*request.connection, std::string(50'000, 'x'));
  });
  std::string requests;
  for (int i = 0; i < 1000; ++i) requests += get("/");
  expect_closed(*server, requests);
}

TEST_F(Unread, a_response_that_waits_for_its_client) {
  bool failed = false;
  const auto server = make_server([&failed](HTTPServerRequest request) -> Future<void> {
    request.connection->write_headers({"", 200, "OK"}, {}, {});
    try {
      const std::string piece(100'000, 'x');
      for (;;) co_await request.connection->write(piece);
    } catch (const iostream::StreamClosedError&) {
      failed = true;
    }
  });
  expect_closed(*server, get("/"));
  EXPECT_TRUE(failed);
}

TEST_F(Unread, a_file) {
  std::FILE* const file = std::tmpfile();
  ASSERT_EQ(::ftruncate(::fileno(file), kFar), 0);
  const detail::Ref<detail::File> shared(new detail::File(::dup(::fileno(file))));
  std::fclose(file);
  const auto server = make_server([shared](const HTTPServerRequest& request) {
    httputil::HTTPHeaders headers;
    headers.add("Content-Length", std::to_string(kFar));
    request.connection->write_headers({"", 200, "OK"}, headers, {});
    request.connection->write_file({shared, 0, kFar});
    request.connection->finish();
  });
  expect_closed(*server, get("/"));
}

TEST_F(Unread, a_client_that_reads_a_little_is_served) {
  const auto server = make_server(answer_far);
  Client client(loop_, server->port(), 4096);
  client.send(get("/"));
  for (int minute = 0; minute < 10; ++minute) {
    pass(50);
    client.pump(20'000);
  }
  EXPECT_EQ(server->connection_count(), 1U);
  pass(121);
  EXPECT_EQ(server->connection_count(), 0U);
}

TEST_F(Unread, a_write_timeout_of_0_is_none) {
  HTTPServerOptions options;
  options.write_timeout = 0;
  const auto server = make_server(answer_far, options);
  Client client(loop_, server->port(), 4096);
  client.send(get("/"));
  pass(1000);
  EXPECT_EQ(server->connection_count(), 1U);
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

}  // namespace
}  // namespace tornado::test
