// The life of connections and fetches: pooling, limits, queueing, timeouts, cancelling, closing.
#include <tornado/httpclient.h>

#include <thread>

#include "client_test_tools.h"

namespace tornado::test {
namespace {

using httpclient::AsyncHTTPClient;
using httpclient::ClientOptions;
using httpclient::Fetch;
using httpclient::HTTPRequest;
using httpclient::HTTPResponse;
using httpclient::HTTPStreamClosedError;
using httpclient::HTTPTimeoutError;
using httpclient::Implementation;
using httpclient::TimeoutPhase;

class ClientLifeTest : public ClientTest {
 protected:
  AsyncHTTPClient client() const { return {httpclient::force_instance, options}; }

  // Lets the loop run until nothing is left to read or run; no time passes.
  void settle() {
    loop.run_sync([]() -> Future<void> {
      for (int i = 0; i < 20; ++i) co_await gen::moment;
    });
  }

  // Returns the phase in which `future` timed out.
  static TimeoutPhase phase_of(const Future<HTTPResponse>& future) {
    try {
      std::rethrow_exception(future.exception());
    } catch (const HTTPTimeoutError& error) {
      EXPECT_EQ(error.code, 599);
      return error.phase;
    }
  }

  // A server that reads and never responds.
  void be_silent() {
    serve(
        [](iostream::IOStream stream, int) -> Future<void> { co_await stream.read_until_close(); });
  }
};

// ---- the pool -----------------------------------------------------------------------------------

TEST_F(ClientLifeTest, a_connection_is_used_again) {
  reply({ok("a"), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nb\r\n0\r\n\r\n",
         "HTTP/1.1 204 No Content\r\n\r\n", ok("d")});
  const auto used = client();
  for (int i = 0; i < 4; ++i) fetch_with(used, HTTPRequest(server->url()));
  EXPECT_EQ(server->connections, 1);
}

// HC-19
TEST_F(ClientLifeTest, keep_alive_off_opens_one_each) {
  options.keep_alive = false;
  reply({ok("a")});
  const auto used = client();
  for (int i = 0; i < 3; ++i) fetch_with(used, HTTPRequest(server->url()));
  EXPECT_EQ(server->connections, 3);
  settle();
  for (const auto& stream : server->streams) EXPECT_TRUE(stream.closed());
}

TEST_F(ClientLifeTest, what_is_not_used_again) {
  const std::string replies_[] = {
      ok("a", "Connection: close\r\n"),
      "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na",
      ok("a") + "more than was said",
  };
  for (const std::string& text : replies_) {
    reply({text});
    const auto used = client();
    for (int i = 0; i < 2; ++i) EXPECT_EQ(fetch_with(used, HTTPRequest(server->url())).body, "a");
    EXPECT_EQ(server->connections, 2) << text;
    settle();
    EXPECT_TRUE(server->streams[0].closed()) << text;
  }
  reply({ok("a")});
  const auto used = client();
  HTTPRequest request(server->url());
  request.headers.add("Connection", "close");
  for (int i = 0; i < 2; ++i) fetch_with(used, request);
  EXPECT_EQ(server->connections, 2) << "the request said so";
}

TEST_F(ClientLifeTest, only_the_same_origin_shares_connections) {
  reply({ok("a")});
  const auto used = client();
  fetch_with(used, HTTPRequest(server->url()));
  fetch_with(used, HTTPRequest("http://LOCALHOST:" + std::to_string(server->port())));
  fetch_with(used, HTTPRequest("http://localhost:" + std::to_string(server->port())));
  EXPECT_EQ(server->connections, 2);
  HTTPRequest from(server->url());
  from.network_interface = "127.0.0.1";
  fetch_with(used, from);
  EXPECT_EQ(server->connections, 3);
}

TEST_F(ClientLifeTest, an_idle_connection_closes_after_its_time) {
  options.idle_timeout = 30;
  reply({ok("a")});
  const auto used = client();
  fetch_with(used, HTTPRequest(server->url()));
  loop.run_sync([] { return gen::sleep(29); });
  EXPECT_FALSE(server->streams[0].closed());
  fetch_with(used, HTTPRequest(server->url()));
  EXPECT_EQ(server->connections, 1);
  bool closed = false;
  server->streams[0].set_close_callback([&] { closed = true; });
  loop.run_sync([] { return gen::sleep(29); });
  EXPECT_FALSE(closed);
  loop.run_sync([] { return gen::sleep(2); });
  settle();
  EXPECT_TRUE(closed);
}

TEST_F(ClientLifeTest, idle_connections_have_a_limit_and_the_oldest_goes) {
  options.max_idle_connections = 2;
  const auto used = client();
  std::vector<RawServer*> origins;
  std::vector<std::unique_ptr<Replies>> kept;
  for (int i = 0; i < 3; ++i) {
    reply({ok("a")});
    kept.push_back(std::move(replies));
    origins.push_back(server);
    fetch_with(used, HTTPRequest(server->url()));
    settle();
  }
  EXPECT_TRUE(origins[0]->streams[0].closed());
  EXPECT_FALSE(origins[1]->streams[0].closed());
  EXPECT_FALSE(origins[2]->streams[0].closed());
}

TEST_F(ClientLifeTest, idle_connections_of_one_origin_have_a_limit) {
  options.max_idle_connections_per_origin = 2;
  reply({ok("a")});
  const auto used = client();
  loop.run_sync([&]() -> Future<void> {
    std::vector<Future<HTTPResponse>> all;
    for (int i = 0; i < 5; ++i) all.push_back(used.fetch(server->url()));
    co_await gen::multi(std::move(all));
  });
  settle();
  int open = 0;
  for (const auto& stream : server->streams) open += !stream.closed();
  EXPECT_EQ(server->connections, 5);
  EXPECT_EQ(open, 2);
}

TEST_F(ClientLifeTest, the_connection_used_last_is_used_next) {
  reply({ok("a")});
  const auto used = client();
  loop.run_sync([&]() -> Future<void> {
    auto first = used.fetch(server->url());
    auto second = used.fetch(server->url());
    co_await gen::multi(first, second);
  });
  std::vector<std::size_t> served;
  for (int i = 0; i < 3; ++i) {
    fetch_with(used, HTTPRequest(server->url()));
  }
  EXPECT_EQ(server->connections, 2);
}

TEST_F(ClientLifeTest, a_server_that_closes_an_idle_connection_is_noticed) {
  reply({ok("a")});
  const auto used = client();
  fetch_with(used, HTTPRequest(server->url()));
  server->streams[0].close();
  settle();
  HTTPRequest post(server->url(), "POST");
  post.body = "";
  EXPECT_EQ(fetch_with(used, post).body, "a");
  EXPECT_EQ(server->connections, 2);
}

TEST_F(ClientLifeTest, bytes_nobody_asked_for_close_an_idle_connection) {
  reply({ok("a")});
  const auto used = client();
  fetch_with(used, HTTPRequest(server->url()));
  loop.run_sync([&]() -> Future<void> {
    co_await server->streams[0].write("HTTP/1.1 408 Request Timeout\r\n\r\n");
  });
  settle();
  EXPECT_EQ(fetch_with(used, HTTPRequest(server->url())).body, "a");
  EXPECT_EQ(server->connections, 2);
}

// A server that responds to the first request of each connection, and closes without a response at
// the second.
RawServer::Serve one_answer_each(int& requests) {
  return [&requests](iostream::IOStream stream, int) -> Future<void> {
    co_await stream.read_until("\r\n\r\n");
    ++requests;
    co_await stream.write(ok("a"));
    co_await stream.read_until("\r\n\r\n");
    ++requests;
    stream.close();
  };
}

TEST_F(ClientLifeTest, RFC_9110_9_2_2_an_idempotent_request_is_sent_again_once) {
  int requests = 0;
  serve(one_answer_each(requests));
  for (const std::string method : {"GET", "DELETE", "OPTIONS", "PUT"}) {
    requests = 0;
    const auto used = client();
    fetch_with(used, HTTPRequest(server->url()));
    HTTPRequest again(server->url(), method);
    if (method == "PUT") again.body = "";
    EXPECT_EQ(fetch_with(used, again).body, "a");
    EXPECT_EQ(requests, 3) << method;
  }
}

TEST_F(ClientLifeTest, RFC_9110_9_2_2_others_are_not_sent_again) {
  int requests = 0;
  serve(one_answer_each(requests));
  const auto used = client();
  fetch_with(used, HTTPRequest(server->url()));
  HTTPRequest post(server->url(), "POST");
  post.body = "";
  EXPECT_THROW(fetch_with(used, post), HTTPStreamClosedError);
  EXPECT_EQ(requests, 2);
  fetch_with(used, HTTPRequest(server->url()));
  HTTPRequest put(server->url(), "PUT");
  int produced = 0;
  put.body_producer = [&](httpclient::BodyWriter) { ++produced; };
  EXPECT_THROW(fetch_with(used, put), HTTPStreamClosedError);
  EXPECT_EQ(produced, 1);
}

TEST_F(ClientLifeTest, a_response_that_has_begun_is_not_asked_for_again) {
  int requests = 0;
  serve([&](iostream::IOStream stream, int) -> Future<void> {
    co_await stream.read_until("\r\n\r\n");
    ++requests;
    co_await stream.write(ok("a"));
    co_await stream.read_until("\r\n\r\n");
    ++requests;
    co_await stream.write("H");
    stream.close();
  });
  const auto used = client();
  fetch_with(used, HTTPRequest(server->url()));
  EXPECT_THROW(fetch_with(used, HTTPRequest(server->url())), HTTPStreamClosedError);
  EXPECT_EQ(requests, 2);
}

TEST_F(ClientLifeTest, a_post_is_not_sent_into_a_connection_known_to_be_dead) {
  reply({ok("a")});
  const auto used = client();
  fetch_with(used, HTTPRequest(server->url()));
  loop.run_sync([&]() -> Future<void> {
    // The kernel knows that the server has closed; the loop has not seen it yet.
    server->streams[0].close();
    HTTPRequest post(server->url(), "POST");
    post.body = "";
    const auto response = co_await used.fetch(post);
    EXPECT_EQ(response.body, "a");
  });
  EXPECT_EQ(server->connections, 2);
}

// ---- max_clients and the queue ------------------------------------------------------------------

// HC-11
TEST_F(ClientLifeTest, more_than_max_clients_wait_in_order) {
  options.max_clients = 2;
  int open = 0;
  int most = 0;
  std::vector<std::string> order;
  serve([&](iostream::IOStream stream, int) -> Future<void> {
    for (;;) {
      std::string head = co_await stream.read_until("\r\n\r\n");
      order.push_back(head.substr(4, head.find(' ', 4) - 4));
      most = std::max(most, ++open);
      co_await gen::sleep(1);
      --open;
      co_await stream.write(ok(""));
    }
  });
  const auto used = client();
  loop.run_sync([&]() -> Future<void> {
    std::vector<Future<HTTPResponse>> all;
    for (int i = 0; i < 7; ++i) all.push_back(used.fetch(server->url("/" + std::to_string(i))));
    auto responses = co_await gen::multi(std::move(all));
    EXPECT_NEAR(responses[6].time_info.queue, 3, 0.1);
    EXPECT_NEAR(responses[6].request_time, 1, 0.1);
  });
  EXPECT_EQ(most, 2);
  EXPECT_EQ(order, (std::vector<std::string>{"/0", "/1", "/2", "/3", "/4", "/5", "/6"}));
  EXPECT_EQ(server->connections, 2);
}

// HC-11
TEST_F(ClientLifeTest, the_queue_has_its_timeout) {
  options.max_clients = 1;
  be_silent();
  const auto used = client();
  HTTPRequest first(server->url());
  first.request_timeout = 100;
  const auto running = used.fetch(first);
  HTTPRequest second(server->url());
  second.connect_timeout = 3;
  const auto waiting = used.fetch(second);
  const double start = loop.time();
  loop.run_sync([&]() -> Future<void> { co_await gen::detail::settled(waiting); });
  EXPECT_NEAR(loop.time() - start, 3, 0.1);
  EXPECT_EQ(phase_of(waiting), TimeoutPhase::kQueue);
  loop.run_sync([&]() -> Future<void> { co_await gen::detail::settled(running); });
  EXPECT_NEAR(loop.time() - start, 100, 0.1);
  EXPECT_EQ(phase_of(running), TimeoutPhase::kRequest);
}

TEST_F(ClientLifeTest, what_ends_at_once_does_not_hold_up_the_queue) {
  options.max_clients = 1;
  be_silent();
  const auto used = client();
  const auto running = used.fetch(server->url());
  std::vector<Future<HTTPResponse>> all;
  for (int i = 0; i < 200; ++i) {
    HTTPRequest request(server->url(), "POST");
    request.body_producer = [](httpclient::BodyWriter) { throw std::logic_error("no"); };
    all.push_back(used.fetch(request));
  }
  running.cancel();
  loop.run_sync([&]() -> Future<void> {
    for (const auto& future : all) {
      co_await gen::detail::settled(future);
      EXPECT_TRUE(holds<std::logic_error>(future.exception()));
    }
  });
}

TEST_F(ClientLifeTest, max_clients_must_be_positive) {
  options.max_clients = 0;
  try {
    client();
    FAIL() << "accepted";
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "AsyncHTTPClient: max_clients is 0, but must be positive");
  }
}

// ---- timeouts -----------------------------------------------------------------------------------

// HC-11 HC-20
TEST_F(ClientLifeTest, connecting_and_the_request_have_their_timeouts) {
  struct Silent final : netutil::Resolver {
    Future<std::vector<netutil::Address>> resolve(std::string, std::uint16_t,
                                                  netutil::Family) override {
      return {};
    }
  };
  options.resolver = std::make_shared<Silent>();
  const auto unresolved = client();
  HTTPRequest request("http://nowhere/");
  const double start = loop.time();
  auto connecting = unresolved.fetch(request);
  loop.run_sync([&]() -> Future<void> { co_await gen::detail::settled(connecting); });
  EXPECT_NEAR(loop.time() - start, 20, 0.1) << "the default";
  EXPECT_EQ(phase_of(connecting), TimeoutPhase::kConnect);
  EXPECT_STREQ(HTTPTimeoutError(TimeoutPhase::kConnect).what(), "Timeout while connecting");
  EXPECT_STREQ(HTTPTimeoutError(TimeoutPhase::kQueue).what(), "Timeout in request queue");
  EXPECT_STREQ(HTTPTimeoutError(TimeoutPhase::kRequest).what(), "Timeout during request");
}

// HC-11
TEST_F(ClientLifeTest, the_request_timeout_covers_a_slow_drip) {
  serve([](iostream::IOStream stream, int) -> Future<void> {
    co_await stream.write("HTTP/1.1 200 OK\r\n\r\n");
    for (;;) {
      co_await stream.write("x");
      co_await gen::sleep(1);
    }
  });
  const auto used = client();
  HTTPRequest request(server->url());
  request.request_timeout = 5;
  const auto future = used.fetch(request);
  loop.run_sync([&]() -> Future<void> { co_await gen::detail::settled(future); });
  EXPECT_EQ(phase_of(future), TimeoutPhase::kRequest);
  settle();
  loop.run_sync([] { return gen::sleep(2); });
  EXPECT_TRUE(server->streams[0].closed());
}

// HC-11
TEST_F(ClientLifeTest, the_request_timeout_covers_redirects) {
  serve([](iostream::IOStream stream, int) -> Future<void> {
    for (;;) {
      co_await stream.read_until("\r\n\r\n");
      co_await gen::sleep(3);
      co_await stream.write("HTTP/1.1 302 Go\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n");
    }
  });
  const auto used = client();
  HTTPRequest request(server->url());
  request.request_timeout = 10;
  const double start = loop.time();
  const auto future = used.fetch(request);
  loop.run_sync([&]() -> Future<void> { co_await gen::detail::settled(future); });
  EXPECT_EQ(phase_of(future), TimeoutPhase::kRequest);
  EXPECT_NEAR(loop.time() - start, 10, 0.1);
}

TEST_F(ClientLifeTest, no_timeout_means_none) {
  serve([](iostream::IOStream stream, int) -> Future<void> {
    co_await stream.read_until("\r\n\r\n");
    co_await gen::sleep(1'000'000);
    co_await stream.write(ok("late"));
  });
  HTTPRequest request(server->url());
  request.request_timeout = 0;
  request.connect_timeout = 0;
  EXPECT_EQ(fetch(request).body, "late");
}

// ---- cancelling ---------------------------------------------------------------------------------

TEST_F(ClientLifeTest, cancelling_closes_the_connection) {
  be_silent();
  const auto used = client();
  const auto future = used.fetch(server->url());
  run_until(loop, [&] { return server->connections == 1; });
  settle();
  EXPECT_TRUE(future.cancel());
  settle();
  EXPECT_TRUE(server->streams[0].closed());
}

TEST_F(ClientLifeTest, cancelling_a_coroutine_that_awaits_a_fetch) {
  be_silent();
  const auto used = client();
  const auto task = [](AsyncHTTPClient with, std::string url) -> Future<void> {
    co_await with.fetch(url);
  };
  const auto future = task(used, server->url());
  run_until(loop, [&] { return server->connections == 1; });
  settle();
  future.cancel();
  settle();
  EXPECT_TRUE(future.cancelled());
  EXPECT_TRUE(server->streams[0].closed());
}

TEST_F(ClientLifeTest, cancelling_gives_up_the_place_in_the_queue) {
  options.max_clients = 1;
  serve([](iostream::IOStream stream, int) -> Future<void> {
    for (;;) {
      const std::string head = co_await stream.read_until("\r\n\r\n");
      if (head.starts_with("GET /silent")) co_await stream.read_until_close();
      co_await stream.write(ok("answer"));
    }
  });
  const auto used = client();
  const auto first = used.fetch(server->url("/silent"));
  const auto second = used.fetch(server->url("/silent"));
  const auto third = used.fetch(server->url("/"));
  second.cancel();
  settle();
  first.cancel();
  loop.run_sync([&]() -> Future<void> {
    const auto response = co_await third;
    EXPECT_EQ(response.body, "answer");
  });
}

TEST_F(ClientLifeTest, cancelling_while_connecting) {
  struct Slow final : netutil::Resolver {
    Future<std::vector<netutil::Address>> resolve(std::string, std::uint16_t port,
                                                  netutil::Family) override {
      co_await gen::sleep(1);
      co_return std::vector<netutil::Address>{netutil::Address("127.0.0.1", port)};
    }
  };
  reply({ok("")});
  options.resolver = std::make_shared<Slow>();
  const auto used = client();
  const auto future = used.fetch(server->url());
  settle();
  future.cancel();
  loop.run_sync([] { return gen::sleep(2); });
  settle();
  for (const auto& stream : server->streams) EXPECT_TRUE(stream.closed());
  EXPECT_EQ(fetch_with(used, HTTPRequest(server->url())).body, "");
}

TEST_F(ClientLifeTest, cancelling_within_a_callback) {
  reply({ok("body")});
  const auto used = client();
  std::optional<Future<HTTPResponse>> future;
  HTTPRequest request(server->url());
  int pieces = 0;
  request.streaming_callback = [&](std::string) -> Future<void> {
    ++pieces;
    future->cancel();
    co_await gen::sleep(1);
  };
  future = used.fetch(request);
  loop.run_sync([&]() -> Future<void> { co_await gen::detail::settled(*future); });
  EXPECT_TRUE(future->cancelled());
  loop.run_sync([] { return gen::sleep(2); });
  EXPECT_EQ(pieces, 1);
  EXPECT_TRUE(server->streams[0].closed());
}

TEST_F(ClientLifeTest, a_timeout_while_a_streaming_coroutine_runs) {
  reply({ok("body")});
  bool ended = false;
  HTTPRequest request(server->url());
  request.request_timeout = 1;
  request.streaming_callback = [&ended, kept = std::string("a capture that must live on")](
                                   std::string piece) -> Future<void> {
    co_await gen::sleep(5);
    ended = kept.size() + piece.size() == 31;
  };
  const auto used = client();
  auto future = used.fetch(std::move(request));
  loop.run_sync([&]() -> Future<void> { co_await gen::detail::settled(future); });
  EXPECT_EQ(phase_of(future), TimeoutPhase::kRequest);
  future = Future<HTTPResponse>();
  loop.run_sync([] { return gen::sleep(6); });
  EXPECT_TRUE(ended);
}

// ---- closing ------------------------------------------------------------------------------------

TEST_F(ClientLifeTest, a_fetch_goes_on_without_its_client) {
  reply({ok("body")});
  const auto future = client().fetch(server->url());
  loop.run_sync([&]() -> Future<void> {
    const auto response = co_await future;
    EXPECT_EQ(response.body, "body");
  });
  settle();
  EXPECT_TRUE(server->streams[0].closed()) << "the pool went with the last fetch";
}

// HC-03 HC-20
TEST_F(ClientLifeTest, close_ends_what_runs_and_what_waits) {
  options.max_clients = 1;
  be_silent();
  const auto used = client();
  const auto running = used.fetch(server->url());
  const auto waiting = used.fetch(server->url());
  run_until(loop, [&] { return server->connections == 1; });
  used.close();
  used.close();
  EXPECT_TRUE(holds<HTTPStreamClosedError>(running.exception()));
  EXPECT_TRUE(holds<HTTPStreamClosedError>(waiting.exception()));
  EXPECT_TRUE(holds<std::runtime_error>(used.fetch(server->url()).exception()));
  settle();
  EXPECT_TRUE(server->streams[0].closed());
}

TEST_F(ClientLifeTest, close_within_a_callback) {
  for (const bool throws : {false, true}) {
    reply({ok("body")});
    const auto used = client();
    HTTPRequest request(server->url());
    request.header_callback = [&](std::string) {
      used.close();
      if (throws) throw std::logic_error("lost");
    };
    EXPECT_THROW(fetch_with(used, request), HTTPStreamClosedError);
  }
}

// HC-03
TEST(ClientAndLoop, each_loop_has_its_client) {
  const VirtualLoop first;
  const AsyncHTTPClient one;
  const AsyncHTTPClient same;
  const auto lost = one.fetch("http://127.0.0.1:1/");
  same.close();
  EXPECT_TRUE(holds<HTTPStreamClosedError>(lost.exception())) << "it is the same client";
  EXPECT_TRUE(holds<std::runtime_error>(one.fetch("http://x/").exception()));
  const AsyncHTTPClient next;
  EXPECT_FALSE(next.fetch("http://127.0.0.1:1/").done()) << "a new one after close()";
}

TEST(ClientAndLoop, a_client_of_another_loop_is_refused) {
  std::optional<AsyncHTTPClient> kept;
  {
    const VirtualLoop first;
    kept.emplace();
  }
  const VirtualLoop second;
  EXPECT_TRUE(holds<std::exception>(kept->fetch("http://127.0.0.1:1/").exception()));
}

// The loop closes in the middle of it: nothing may leak, which AddressSanitizer checks.
TEST(ClientAndLoop, closing_the_loop_ends_everything) {
  const int before = open_descriptors();
  for (const int rounds : {0, 1, 2, 3, 4, 5, 6, 8, 12}) {
    RawServer server([](iostream::IOStream stream, int) -> Future<void> {
      co_await stream.read_until("\r\n\r\n");
      co_await stream.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
      co_await stream.read_until_close();
    });
    VirtualLoop virtual_loop;
    server.listen();
    ClientOptions options;
    options.max_clients = 2;
    const AsyncHTTPClient forced(httpclient::force_instance, options);
    for (const AsyncHTTPClient& client : {forced, AsyncHTTPClient()}) {
      for (int i = 0; i < 4; ++i) {
        HTTPRequest request(server.url());
        request.streaming_callback = [](std::string) -> Future<void> { co_await gen::sleep(1000); };
        client.fetch(request, [](const HTTPResponse&) { FAIL(); });
      }
    }
    virtual_loop.loop.run_sync([rounds]() -> Future<void> {
      for (int i = 0; i < rounds; ++i) co_await gen::moment;
    });
  }
  EXPECT_EQ(open_descriptors(), before);
}

// ---- implementations ----------------------------------------------------------------------------

struct Stub final : Implementation {
  explicit Stub(std::size_t given) : max_clients(given) {}
  void fetch_impl(Fetch fetch) override {
    if (fetch.request->url == "throw") throw std::logic_error("thrown");
    if (fetch.request->url == "fail") {
      fetch.fail(std::make_exception_ptr(std::runtime_error("failed")));
      return;
    }
    HTTPResponse response(fetch.request, fetch.request->url == "404" ? 404 : 200);
    response.body = std::to_string(max_clients) + fetch.request->user_agent.value_or("");
    fetch.finish(std::move(response));
  }
  std::size_t max_clients;
};

// HC-06 HC-24
TEST(Configure, the_curl_client_is_a_component) {
  for (const char* name : {"curl", "tornado.curl_httpclient.CurlAsyncHTTPClient"}) {
    try {
      AsyncHTTPClient::configure(name);
      ADD_FAILURE() << "this program does not include curl_httpclient.h";
    } catch (const std::invalid_argument& error) {
      EXPECT_EQ(error.what(),
                "no HTTP client is called " + std::string(name) +
                    " here: include <tornado/curl_httpclient.h> and link tornado::curl");
    }
  }
}

// HC-06
TEST(Configure, another_implementation_and_its_defaults) {
  AsyncHTTPClient::add_implementation("stub", [](const ClientOptions& options) {
    return std::unique_ptr<Implementation>(new Stub(options.max_clients));
  });
  ClientOptions options;
  options.max_clients = 7;
  options.defaults.user_agent = "me";
  AsyncHTTPClient::configure("stub", options);
  VirtualLoop loop;
  const AsyncHTTPClient client;
  EXPECT_EQ(client.fetch("x").result().body, "7me");
  EXPECT_EQ(client.fetch("404", false).result().code, 404);
  EXPECT_TRUE(holds<httpclient::HTTPError>(client.fetch("404").exception()));
  EXPECT_TRUE(holds<std::logic_error>(client.fetch("throw").exception()));
  EXPECT_TRUE(holds<std::runtime_error>(client.fetch("fail").exception()));
  EXPECT_EQ(AsyncHTTPClient::configured_options().max_clients, 7U);
  const AsyncHTTPClient own(httpclient::force_instance, ClientOptions());
  EXPECT_EQ(own.fetch("x").result().body, "10");
  AsyncHTTPClient::configure(nullptr);
  const AsyncHTTPClient simple(httpclient::force_instance);
  EXPECT_TRUE(holds<std::invalid_argument>(simple.fetch("x").exception()));
  EXPECT_THROW(AsyncHTTPClient::configure("nobody"), std::invalid_argument);
  AsyncHTTPClient::configure("tornado.simple_httpclient.SimpleAsyncHTTPClient");
}

// ---- HTTPClient ---------------------------------------------------------------------------------

// A server in a thread of its own: the blocking client needs the loop of this one.
class ThreadServer {
 public:
  ThreadServer() {
    std::thread([this] { run(); }).swap(thread_);
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [this] { return port_ != 0; });
  }
  ~ThreadServer() {
    loop_->add_callback([loop = loop_] { loop->stop(); });
    thread_.join();
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }

 private:
  void run() {
    Replies replies({ok("one"), "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", ok("two")});
    RawServer server(replies.serve());
    ioloop::IOLoop loop;
    server.listen();
    {
      const std::lock_guard lock(mutex_);
      loop_ = &loop;
      port_ = server.port();
    }
    ready_.notify_one();
    loop.start();
  }

  std::mutex mutex_;
  std::condition_variable ready_;
  std::uint16_t port_ = 0;
  ioloop::IOLoop* loop_ = nullptr;
  std::thread thread_;
};

// HC-01 HC-02
TEST(BlockingClient, fetches_one_after_the_other) {
  const ThreadServer server;
  httpclient::HTTPClient client;
  EXPECT_EQ(client.fetch(server.url()).body, "one");
  EXPECT_THROW(client.fetch(server.url()), httpclient::HTTPError);
  EXPECT_EQ(client.fetch(HTTPRequest(server.url()), false).body, "two");
  client.close();
  EXPECT_THROW(client.fetch(server.url()), std::runtime_error);
}

// HC-01
TEST(BlockingClient, not_inside_a_running_loop) {
  VirtualLoop loop;
  loop.loop.run_sync([] {
    httpclient::HTTPClient client;
    EXPECT_THROW(client.fetch("http://127.0.0.1:1/"), std::runtime_error);
  });
}

}  // namespace
}  // namespace tornado::test
