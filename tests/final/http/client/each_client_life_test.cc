// The same tests for both implementations of AsyncHTTPClient: time, cancelling, closing.
#include <set>

#include "each_client.h"

namespace tornado::test {
namespace {

using httpclient::AsyncHTTPClient;
using httpclient::HTTPRequest;
using httpclient::HTTPResponse;
using httpclient::HTTPStreamClosedError;
using httpclient::HTTPTimeoutError;
using httpclient::TimeoutPhase;

// The phase in which the fetch timed out.
std::string phase_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const HTTPTimeoutError& timeout) {
    EXPECT_EQ(timeout.code, 599);
    return timeout.what();
  } catch (const std::exception& other) {
    return std::string("no timeout: ") + other.what();
  }
}

// HC-11
TEST_P(EachClientTest, timeouts_say_where_the_time_went) {
  serve([](iostream::IOStream stream, int) -> Future<void> { co_await stream.read_until_close(); });
  options.max_clients = 1;
  const AsyncHTTPClient client(httpclient::force_instance, options);
  const double before = loop.time();
  const auto running = client.fetch(server->url());
  const auto queued = client.fetch(server->url());
  loop.run_sync([&]() -> Future<void> {
    while (!running.done() || !queued.done()) co_await gen::sleep(1);
  });
  EXPECT_EQ(phase_of(running.exception()), "Timeout during request");
  EXPECT_EQ(phase_of(queued.exception()), "Timeout in request queue");
  EXPECT_NEAR(loop.time() - before, 20, 1.5);

  // A TLS handshake that is never answered.
  HTTPRequest request("https://127.0.0.1:" + std::to_string(server->port()) + "/");
  request.connect_timeout = 3;
  const auto connecting = client.fetch(request);
  const double begun = loop.time();
  loop.run_sync([&]() -> Future<void> {
    while (!connecting.done()) co_await gen::sleep(1);
  });
  EXPECT_EQ(phase_of(connecting.exception()), "Timeout while connecting");
  EXPECT_NEAR(loop.time() - begun, 3, 1.5);
}

// HC-11
TEST_P(EachClientTest, first_come_first_served) {
  std::vector<std::string> order;
  serve([&](iostream::IOStream stream, int) -> Future<void> {
    for (;;) {
      const std::string head = co_await stream.read_until("\r\n\r\n");
      order.push_back(head.substr(0, head.find(" HTTP")));
      co_await stream.write(ok(""));
    }
  });
  options.max_clients = 2;
  const AsyncHTTPClient client(httpclient::force_instance, options);
  std::vector<Future<HTTPResponse>> all;
  for (int i = 0; i < 6; ++i) all.push_back(client.fetch(server->url("/" + std::to_string(i))));
  loop.run_sync([&] { return gen::multi(all); });
  ASSERT_EQ(order.size(), 6U);
  for (int i = 0; i < 6; i += 2) {  // two run at the same time
    const std::set<std::string> pair(order.begin() + i, order.begin() + i + 2);
    EXPECT_EQ(pair, (std::set<std::string>{"GET /" + std::to_string(i),
                                           "GET /" + std::to_string(i + 1)}));
  }
}

TEST_P(EachClientTest, a_cancelled_fetch_closes_its_connection_and_makes_room) {
  bool closed = false;
  serve([&](iostream::IOStream stream, int number) -> Future<void> {
    co_await stream.read_until("\r\n\r\n");
    if (number == 1) {
      co_await stream.write(ok("second"));
    } else {
      co_await stream.read_until_close();
      closed = true;
    }
  });
  options.max_clients = 1;
  const AsyncHTTPClient client(httpclient::force_instance, options);
  auto first = client.fetch(server->url());
  const auto second = client.fetch(server->url());
  loop.call_later(1, [&] { first.cancel(); });
  EXPECT_EQ(loop.run_sync([&] { return second; }).body, "second");
  EXPECT_TRUE(first.cancelled());
  run_until(loop, [&] { return closed; });
}

TEST_P(EachClientTest, a_fetch_past_its_deadline_closes_its_connection_and_makes_room) {
  bool closed = false;
  serve([&](iostream::IOStream stream, int number) -> Future<void> {
    co_await stream.read_until("\r\n\r\n");
    if (number == 1) {
      co_await stream.write(ok("second"));
    } else {
      co_await stream.read_until_close();
      closed = true;
    }
  });
  options.max_clients = 1;
  const AsyncHTTPClient client(httpclient::force_instance, options);
  HTTPRequest silent(server->url());
  silent.connect_timeout = silent.request_timeout = 3600;
  auto timed = gen::with_deadline(loop.time() + 1, client.fetch(silent));
  EXPECT_THROW(loop.run_sync([&] { return timed; }), ioloop::TimeoutError);
  EXPECT_EQ(fetch_with(client, HTTPRequest(server->url())).body, "second");
  run_until(loop, [&] { return closed; });
}

TEST_P(EachClientTest, a_fetch_may_be_cancelled_in_its_callbacks) {
  reply({ok("hello")});
  const AsyncHTTPClient client(httpclient::force_instance, options);
  std::optional<Future<HTTPResponse>> running;
  HTTPRequest with_header(server->url());
  with_header.header_callback = [&](const std::string&) { running->cancel(); };
  HTTPRequest with_body(server->url());
  with_body.streaming_callback = [&](const std::string&) { running->cancel(); };
  for (const HTTPRequest& request : {with_header, with_body}) {
    running = client.fetch(request);
    run_until(loop, [&] { return running->done(); });
    EXPECT_TRUE(running->cancelled());
  }
  EXPECT_EQ(fetch_with(client, HTTPRequest(server->url())).body, "hello");
}

TEST_P(EachClientTest, close_ends_what_runs_and_what_waits) {
  serve([](iostream::IOStream stream, int) -> Future<void> { co_await stream.read_until_close(); });
  options.max_clients = 1;
  const AsyncHTTPClient client(httpclient::force_instance, options);
  const auto running = client.fetch(server->url());
  const auto queued = client.fetch(server->url());
  loop.call_later(1, [&] { client.close(); });
  EXPECT_THROW(loop.run_sync([&] { return running; }), HTTPStreamClosedError);
  EXPECT_TRUE(holds<HTTPStreamClosedError>(queued.exception()));
  EXPECT_EQ(error_of([&] { fetch_with(client, HTTPRequest(server->url())); }),
            "fetch() called on closed AsyncHTTPClient");
}

TEST_P(EachClientTest, a_loop_that_closes_frees_sockets_and_fetches) {
  const int before = open_descriptors();
  {
    VirtualLoop other;
    other.loop.make_current();
    RawServer quiet([](iostream::IOStream stream, int) -> Future<void> {
      co_await stream.read_until("\r\n\r\n");
      co_await stream.write("HTTP/1.1 200 OK\r\n\r\nabc");
      co_await stream.read_until_close();
    });
    quiet.listen();
    const AsyncHTTPClient client(httpclient::force_instance, options);
    HTTPRequest request(quiet.url());
    request.streaming_callback = [&](std::string) -> Future<void> {
      other.loop.stop();
      co_await gen::sleep(1000);
    };
    const auto running = client.fetch(request);
    other.loop.start();
    EXPECT_FALSE(running.done());
    other.loop.close();
    EXPECT_GT(before, 0);
  }
  loop.make_current();
  EXPECT_EQ(open_descriptors(), before);
}

TEST_P(EachClientTest, a_client_may_be_closed_when_its_loop_is_gone) {
  auto other = std::make_unique<VirtualLoop>();
  other->loop.make_current();
  const AsyncHTTPClient client(httpclient::force_instance, options);
  other.reset();
  loop.make_current();
  client.close();
}

}  // namespace
}  // namespace tornado::test
