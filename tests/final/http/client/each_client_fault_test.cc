// Servers that misbehave, against both implementations of AsyncHTTPClient.
#include <sys/socket.h>

#include "each_client.h"

namespace tornado::test {
namespace {

using httpclient::AsyncHTTPClient;
using httpclient::HTTPRequest;
using httpclient::HTTPResponse;

// ---- late bytes ---------------------------------------------------------------------------------

// A forbidden body would be read as the next response if it arrived after the next request.
// HC-19
TEST_P(EachClientTest, a_204_that_announces_a_body_does_not_answer_the_next_request) {
  for (const std::string field : {"Content-Length: 42", "Transfer-Encoding: chunked"}) {
    serve([&](iostream::IOStream stream, int number) -> Future<void> {
      co_await stream.read_until("\r\n\r\n");
      if (number > 0) {
        co_await stream.write(ok("own"));
        co_return;
      }
      co_await stream.write("HTTP/1.1 204 No Content\r\n" + field + "\r\n\r\n");
      co_await stream.read_until("\r\n\r\n");
      co_await stream.write(ok("late"));
    });
    const AsyncHTTPClient client(httpclient::force_instance, options);
    EXPECT_EQ(error_of([&] { fetch_with(client, HTTPRequest(server->url())); }),
              "HTTP 599: Malformed HTTP response: a body announced with a status that has none");
    EXPECT_EQ(fetch_with(client, HTTPRequest(server->url())).body, "own") << field;
  }
}

TEST_P(EachClientTest, an_informational_response_that_announces_a_body_is_refused) {
  for (const std::string field : {"Content-Length: 5", "Transfer-Encoding: chunked"}) {
    reply({"HTTP/1.1 103 Early Hints\r\n" + field + "\r\n\r\n" + ok("own")});
    EXPECT_EQ(error_of([&] { fetch(server->url()); }),
              "HTTP 599: Malformed HTTP response: a body announced with a status that has none");
  }
}

// HC-19
TEST_P(EachClientTest, a_204_of_length_0_keeps_its_connection) {
  reply({"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", ok("next")});
  const AsyncHTTPClient client(httpclient::force_instance, options);
  EXPECT_EQ(fetch_with(client, HTTPRequest(server->url())).code, 204);
  EXPECT_EQ(fetch_with(client, HTTPRequest(server->url())).body, "next");
  EXPECT_EQ(server->connections, 1);
}

// Bodies that RFC 9110 9.3.2 and 15.4.5 forbid, in one piece with their heads.
// HC-19
TEST_P(EachClientTest, a_body_of_HEAD_or_304_does_not_answer_the_next_request) {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 42\r\n\r\n";
  const std::string not_modified = "HTTP/1.1 304 Not Modified\r\nContent-Length: 42\r\n\r\n";
  for (const auto& [method, first] : {std::pair{"HEAD", head}, std::pair{"GET", not_modified}}) {
    reply({first + ok("late"), ok("own")});
    const AsyncHTTPClient client(httpclient::force_instance, options);
    fetch_with(client, HTTPRequest(server->url(), method), false);
    EXPECT_EQ(fetch_with(client, HTTPRequest(server->url())).body, "own") << first;
  }
}

// The kernel has them; the loop has not seen them yet.
// HC-19
TEST_P(EachClientTest, bytes_that_reached_an_idle_connection_do_not_answer_the_next_request) {
  reply({ok("own")});
  const AsyncHTTPClient client(httpclient::force_instance, options);
  fetch_with(client, HTTPRequest(server->url()));
  loop.run_sync([&]() -> Future<void> {
    const std::string late = ok("late");
    EXPECT_EQ(::send(server->streams[0].fileno(), late.data(), late.size(), 0),
              static_cast<ssize_t>(late.size()));
    const HTTPResponse response = co_await client.fetch(server->url());
    EXPECT_EQ(response.body, "own");
  });
  EXPECT_EQ(server->connections, 2);
}

// A POST, which would not be sent again.
// HC-19
TEST_P(EachClientTest, a_408_in_an_idle_connection_does_not_answer_the_next_request) {
  reply({ok("own")});
  const AsyncHTTPClient client(httpclient::force_instance, options);
  fetch_with(client, HTTPRequest(server->url()));
  loop.run_sync([&]() -> Future<void> {
    co_await server->streams[0].write("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n");
    server->streams[0].close();
    co_await gen::sleep(1);
  });
  HTTPRequest post(server->url(), "POST");
  post.body = "x";
  EXPECT_EQ(fetch_with(client, post).body, "own");
  EXPECT_EQ(server->connections, 2);
}

// ---- misbehaviour -------------------------------------------------------------------------------

TEST_P(EachClientTest, what_is_not_http_ends_in_an_error) {
  const std::string cases[] = {
      "SSH-2.0-OpenSSH\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabc",
      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
      "HTTP/1.1 200 OK\r\nX: a\x01\r\n\r\n",
      "HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n",
      "HTTP/1.1 200 OK\r\nX: " + std::string(200'000, 'x'),
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
      "HTTP/1.1 200 OK\r\n\x01\r\n\r\n",
  };
  for (const std::string& text : cases) {
    reply({text}, true);
    EXPECT_TRUE(error_of([&] { fetch(server->url()); }).starts_with("HTTP 599: ")) << text;
  }
}

TEST_P(EachClientTest, a_flood_of_informational_responses_ends) {
  serve([&](iostream::IOStream stream, int) -> Future<void> {
    co_await stream.read_until("\r\n\r\n");
    for (;;) co_await stream.write("HTTP/1.1 103 Early Hints\r\n\r\n");
  });
  EXPECT_EQ(error_of([&] { fetch(server->url()); }),
            "HTTP 599: Malformed HTTP response: too many informational responses");
}

TEST_P(EachClientTest, an_early_close_is_an_error) {
  for (const std::string text :
       {"", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"}) {
    serve([&](iostream::IOStream stream, int) -> Future<void> {
      co_await stream.read_until("\r\n\r\n");
      co_await stream.write(text);
      stream.close();
    });
    const std::string error = error_of([&] { fetch(server->url()); });
    EXPECT_NE(error, "no error") << text;
    if (!is_curl()) {
      EXPECT_EQ(error, "Stream closed") << text;
    }
    EXPECT_EQ(server->connections, 1) << "a new connection is not tried again";
  }
}

}  // namespace
}  // namespace tornado::test
