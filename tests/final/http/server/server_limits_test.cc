// The limits of HTTPServer: on time, on its clients, and on its memory.
#include <tornado/core/file.h>
#include <unistd.h>

#include <cstdio>
#include <optional>

#include "http/server/limits.h"
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
  // Advances time by `seconds`, in steps that let bytes arrive.
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

// H1-01
TEST_F(TimeoutTest, idle_connection_timeout) {
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

// H1-01
TEST_F(TimeoutTest, header_timeout_counts_from_the_first_byte_and_is_not_put_off) {
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
  EXPECT_FALSE(ended(used));  // it may be idle from its first response on
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

// H1-01
TEST_F(TimeoutTest, body_stall_timeout_starts_anew_with_each_byte) {
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

// H1-03
TEST_F(TimeoutTest, body_timeout_is_for_the_whole_body) {
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

// H1-03
TEST_F(TimeoutTest, set_body_timeout_is_for_one_request) {
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

// H1-01
TEST_F(TimeoutTest, a_delegate_that_holds_back_a_client_that_has_shut_down_has_a_limit) {
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

// A request moves a connection to the end of the idle list only when it is due, not every time.
// H1-01
TEST_F(TimeoutTest, idle_time_counts_from_the_last_request_or_a_little_later) {
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

// ---- limits on what the server holds

TEST_F(TimeoutTest, a_body_must_not_be_slower_than_min_body_rate) {
  HTTPServerOptions options;
  options.min_body_rate = 10;
  const auto server = make_server(echo_uri, options);
  Client fast(loop_, server->port());
  Client slow(loop_, server->port());
  Client chunks(loop_, server->port());
  fast.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n");
  // Bytes of an earlier minute do not count.
  slow.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n" + std::string(3000, 'x'));
  // Neither do bytes that are not part of the body.
  chunks.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;");
  for (int seconds = 0; seconds < 150; seconds += 10) {
    EXPECT_FALSE(ended(fast)) << seconds;
    EXPECT_FALSE(ended(slow) && seconds < 120) << seconds;
    EXPECT_FALSE(ended(chunks) && seconds < 60) << seconds;
    EXPECT_TRUE(ended(chunks) || seconds < 80) << seconds;
    fast.send(std::string(110, 'x'));
    slow.send("x");
    chunks.send(std::string(150, 'x'));
    pass(10);
  }
  EXPECT_TRUE(ended(slow));
  EXPECT_EQ(log_.count("Body too slow from 127.0.0.1"), 2U);
}

TEST_F(TimeoutTest, the_time_in_which_a_program_holds_a_body_back_is_not_the_clients) {
  ScriptedDelegate delegate;
  std::vector<Future<void>> held;
  delegate.script.on_data = [&held](const std::string&) { return held.emplace_back(); };
  HTTPServer server(delegate);
  server.listen(0, "127.0.0.1");
  Client client(loop_, server.port());
  client.send(kHalfBody);
  pass(500);
  ASSERT_EQ(held.size(), 1U);
  held[0].set_result();
  client.send("c");
  pass(1);
  ASSERT_EQ(held.size(), 2U);
  EXPECT_FALSE(ended(client));
}

struct Capped : TimeoutTest {
  // Returns `count` clients that have each sent `say`, after the server has seen them.
  std::vector<Client> crowd(HTTPServer& server, std::size_t count, const std::string& say) {
    std::vector<Client> clients;
    for (std::size_t i = 0; i < count; ++i) {
      clients.emplace_back(loop_, server.port()).send(say);
      for (int quarter = 0; quarter < 4; ++quarter) {
        pass(0.25);
        clients.back().pump();
      }
    }
    return clients;
  }
  bool served(HTTPServer& server) {
    Client client(loop_, server.port());
    client.send(get("/"));
    pass(1);
    client.pump();
    return client.received.ends_with("/ []");
  }
};

TEST_F(Capped, max_connections_closes_what_has_been_idle_longest) {
  HTTPServerOptions options;
  options.max_connections = 3;
  options.idle_connection_timeout = 32;  // differences of half a second do not count
  const auto server = make_server(echo_uri, options);
  auto clients = crowd(*server, 3, get("/"));
  clients[0].send(get("/"));
  pass(1);
  Client fourth(loop_, server->port());
  pass(1);
  EXPECT_EQ(server->connection_count(), 3U);
  EXPECT_FALSE(ended(clients[0]));
  EXPECT_TRUE(ended(clients[1]));
  EXPECT_FALSE(ended(clients[2]));
  EXPECT_FALSE(ended(fourth));
  // Now heads that never end.
  clients.clear();
  pass(1);
  auto slow = crowd(*server, 5, kHalfHead);
  EXPECT_TRUE(ended(slow[0]));
  EXPECT_FALSE(ended(slow[4]));
  EXPECT_TRUE(served(*server));
}

TEST_F(Capped, max_connections_closes_the_new_one_if_all_others_are_busy) {
  std::vector<HTTPServerRequest> asked;
  HTTPServerOptions options;
  options.max_connections = 2;
  const auto server = make_server(
      [&asked](HTTPServerRequest request) { asked.push_back(std::move(request)); }, options);
  const auto busy = crowd(*server, 2, get("/"));
  Client third(loop_, server->port());
  Client fourth(loop_, server->port());
  pass(0);
  EXPECT_TRUE(ended(third));
  EXPECT_TRUE(ended(fourth));
  EXPECT_EQ(third.received, "");
  EXPECT_EQ(log_.count("Closed a new connection from 127.0.0.1: max_connections"), 1U);
  ASSERT_EQ(asked.size(), 2U);
  echo_uri(asked[0]);
  echo_uri(asked[1]);
  pass(1);
  Client fifth(loop_, server->port());
  pass(1);
  EXPECT_FALSE(ended(fifth));
  EXPECT_EQ(server->connection_count(), 2U);
}

TEST_F(Capped, max_connections_per_address) {
  HTTPServerOptions options;
  options.max_connections_per_address = 2;
  const auto server = make_server(echo_uri, options);
  auto clients = crowd(*server, 3, get("/"));
  EXPECT_FALSE(ended(clients[0]));
  EXPECT_FALSE(ended(clients[1]));
  EXPECT_TRUE(ended(clients[2]));
  EXPECT_EQ(log_.count("max_connections_per_address"), 1U);
  clients[0].close();
  pass(1);
  EXPECT_TRUE(served(*server));
  pass(1);
  // Another address of this machine.
  netutil::Socket other(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage from;
  const unsigned length = netutil::Address("127.0.0.2", 0).to_sockaddr(from);
  ASSERT_EQ(::bind(other.fileno(), reinterpret_cast<sockaddr*>(&from), length), 0);
  netutil::Address("127.0.0.1", server->port()).to_sockaddr(from);
  ASSERT_EQ(::connect(other.fileno(), reinterpret_cast<sockaddr*>(&from), length), 0);
  auto full = crowd(*server, 1, get("/"));
  EXPECT_EQ(server->connection_count(), 3U);
}

TEST(AddressCounts, an_IPv6_network_is_one_address) {
  http::AddressCounts counts(1);
  const auto key = counts.key("2001:db8:1:2::1");
  EXPECT_EQ(counts.key("2001:db8:1:2:ffff::9"), key);
  EXPECT_NE(counts.key("2001:db8:1:3::1"), key);
  EXPECT_EQ(counts.key("fe80::1%lo"), counts.key("fe80::2"));
  EXPECT_EQ(counts.key("::ffff:192.0.2.7"), counts.key("192.0.2.7"));
  EXPECT_NE(counts.key("192.0.2.8"), counts.key("192.0.2.7"));
  EXPECT_NE(counts.key("::1"), http::AddressCounts::kUncounted);
  EXPECT_EQ(counts.key("0.0.0.0"), http::AddressCounts::kUncounted);
  EXPECT_EQ(http::AddressCounts(0).key("192.0.2.7"), http::AddressCounts::kUncounted);
  counts.add(key);
  EXPECT_TRUE(counts.full(key));
  counts.remove(key);
  EXPECT_FALSE(counts.full(key));
}

TEST_F(Capped, max_buffered_total_gives_up_the_bodies_begun_first) {
  HTTPServerOptions options;
  options.max_buffered_total = 100'000;
  const auto server = make_server(
      [](const HTTPServerRequest& request) {
        answer(*request.connection, std::to_string(request.body.size()));
      },
      options);
  const auto body = [](std::size_t size, std::size_t sent) {
    return "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" +
           std::string(sent, 'x');
  };
  auto greedy = crowd(*server, 3, body(50'000, 40'000));
  EXPECT_TRUE(ended(greedy[0]));
  EXPECT_EQ(greedy[0].received,
            "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 60\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(log_.count("Refused the body of a request from 127.0.0.1: max_buffered_total"), 1U);
  auto active = crowd(*server, 1, body(90'000, 90'000));
  active[0].pump();
  EXPECT_TRUE(active[0].received.ends_with("\r\n\r\n90000")) << active[0].received;
  EXPECT_TRUE(ended(greedy[1]));
  EXPECT_TRUE(ended(greedy[2]));
  // Finished requests do not count any more.
  for (int i = 0; i < 3; ++i) {
    auto again = crowd(*server, 1, body(90'000, 90'000));
    again[0].pump();
    EXPECT_TRUE(again[0].received.ends_with("\r\n\r\n90000")) << again[0].received;
  }
  // A body that alone is too large.
  auto alone = crowd(*server, 1, body(100'001, 100'001));
  EXPECT_TRUE(ended(alone[0]));
  EXPECT_TRUE(alone[0].received.starts_with("HTTP/1.1 503 "));
}

TEST_F(Capped, a_body_that_the_program_keeps_counts_on) {
  std::optional<HTTPServerRequest> kept;
  HTTPServerOptions options;
  options.max_buffered_total = 10;
  const auto server = make_server(
      [&kept](HTTPServerRequest request) {
        echo_uri(request);
        if (request.path == "/keep") kept.emplace(std::move(request));
      },
      options);
  const auto post = [&](const std::string& path) {
    auto client = crowd(*server, 1,
                        "POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabcdef");
    client[0].pump();
    return client[0].received.substr(9, 3);
  };
  EXPECT_EQ(post("/keep"), "200");
  EXPECT_EQ(post("/"), "503");
  kept.reset();
  EXPECT_EQ(post("/"), "200");
}

// ---- clients that do not read

constexpr std::size_t kFar = 32'000'000;  // more than the buffers on the way hold

struct Unread : TimeoutTest {
  // A client that sends `requests` and reads nothing is disconnected after a minute.
  void expect_closed(HTTPServer& server, const std::string& requests) {
    Client client(loop_, server.port(), 4096);
    client.send(requests);
    pass(59);
    EXPECT_EQ(server.connection_count(), 1U);
    EXPECT_EQ(log_.count("Timeout writing"), 0U);
    pass(62);  // it may have read a byte in the first minute
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
  const core::Ref<core::File> shared(new core::File(::dup(::fileno(file))));
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
