// Behaviour that is special to the simple client; that of both clients is in each_client_test.cc.
#include <tornado/httpclient.h>
#include <tornado/httpserver.h>

#include "each_client.h"

namespace tornado::test {
namespace {

using httpclient::AsyncHTTPClient;
using httpclient::BodyWriter;
using httpclient::HTTPClientError;
using httpclient::HTTPRequest;
using httpclient::HTTPResponse;
using httpclient::HTTPStreamClosedError;

// HC-14
TEST_F(ClientTest, what_is_sent_without_keep_alive) {
  reply({ok("")});
  options.keep_alive = false;
  fetch(server->url("/p?q=1#f"));
  EXPECT_EQ(replies->heads.at(0),
            "GET /p?q=1 HTTP/1.1\r\nConnection: close\r\nHost: 127.0.0.1:" +
                std::to_string(server->port()) +
                "\r\nUser-Agent: Tornado/0.1.0\r\nAccept-Encoding: gzip\r\n\r\n");
}

// HC-04
TEST_F(ClientTest, raise_error_off_gives_every_response) {
  reply({"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnope"});
  const HTTPResponse response = fetch(HTTPRequest(server->url()), false);
  EXPECT_EQ(response.code, 404);
  EXPECT_EQ(response.body, "nope");
  EXPECT_TRUE(holds<HTTPClientError>(response.error));
  EXPECT_EQ(error_of([&] { response.rethrow(); }), "HTTP 404: Not Found");
}

// HC-04
TEST_F(ClientTest, without_a_response_raise_error_off_raises_too) {
  serve([](iostream::IOStream stream, int) -> Future<void> {
    co_await stream.read_until("\r\n\r\n");
    stream.close();
  });
  try {
    fetch(HTTPRequest(server->url()), false);
    FAIL();
  } catch (const HTTPStreamClosedError& error) {
    EXPECT_EQ(error.code, 599);
    EXPECT_STREQ(error.what(), "Stream closed");
    EXPECT_EQ(error.response, nullptr);
  }
}

TEST_F(ClientTest, a_port_where_nobody_listens) {
  reply({ok("")});
  const std::string url = server->url();
  server->stop();
  try {
    fetch(url);
    FAIL();
  } catch (const HTTPStreamClosedError& error) {
    EXPECT_STREQ(error.what(), "Connection refused");
    EXPECT_EQ(real_errno(error.cause), ECONNREFUSED);
  }
}

TEST_F(ClientTest, a_name_that_is_none) {
  struct NoNames final : netutil::Resolver {
    Future<std::vector<netutil::Address>> resolve(std::string host, std::uint16_t,
                                                  netutil::Family) override {
      throw netutil::ResolveError("nobody knows " + host);
      co_return std::vector<netutil::Address>();
    }
  };
  options.resolver = std::make_shared<NoNames>();
  try {
    fetch("http://example.invalid/");
    FAIL();
  } catch (const HTTPClientError& error) {
    EXPECT_STREQ(error.what(), "HTTP 599: nobody knows example.invalid");
    EXPECT_TRUE(holds<netutil::ResolveError>(error.cause));
  }
}

// HC-21
TEST_F(ClientTest, what_cannot_be_sent_fails_the_future) {
  const AsyncHTTPClient client;
  EXPECT_EQ(error_of([&] { fetch("gopher://h/"); }), "unsupported url scheme: gopher://h/");
  HTTPRequest proxied("http://h/");
  proxied.proxy_host = "p";
  EXPECT_EQ(error_of([&] { fetch(proxied); }), "proxy_host is not supported by the simple client");
  HTTPRequest year("http://h/");
  year.if_modified_since = INT64_MAX;
  EXPECT_TRUE(holds<std::invalid_argument>(client.fetch(year).exception()));
}

// ---- the callback form --------------------------------------------------------------------------

// HC-05
TEST_F(ClientTest, the_callback_gets_whatever_came) {
  reply({ok("one"), "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"});
  const AsyncHTTPClient client(httpclient::force_instance, options);
  std::vector<HTTPResponse> got;
  const auto keep = [&](const HTTPResponse& response) {
    got.push_back(response);
    if (got.size() == 3) loop.stop();
  };
  client.fetch(server->url(), [&](HTTPResponse first) {
    keep(first);
    client.fetch(server->url(), [&](const HTTPResponse& second) {
      keep(second);
      client.fetch("nonsense", keep);
    });
  });
  loop.start();
  EXPECT_EQ(got[0].code, 200);
  EXPECT_EQ(got[0].body, "one");
  EXPECT_EQ(got[1].code, 404);
  EXPECT_TRUE(holds<HTTPClientError>(got[1].error));
  EXPECT_EQ(got[2].code, 599);
  EXPECT_TRUE(holds<std::invalid_argument>(got[2].error));
  EXPECT_EQ(got[2].effective_url, "nonsense");
  EXPECT_EQ(got[2].request->url, "nonsense");
}

// HC-05
TEST_F(ClientTest, a_coroutine_callback_may_keep_a_reference) {
  reply({ok("a body that is not short enough to fit")});
  std::string seen;
  const AsyncHTTPClient client(httpclient::force_instance, options);
  client.fetch(server->url(), [&](const HTTPResponse& response) -> Future<void> {
    co_await gen::sleep(1);
    seen = response.body;
    loop.stop();
  });
  loop.start();
  EXPECT_EQ(seen, "a body that is not short enough to fit");
}

// ---- 100-continue -------------------------------------------------------------------------------

// HC-17
TEST_F(ClientTest, a_final_response_instead) {
  std::string got;
  serve([&](iostream::IOStream stream, int) -> Future<void> {
    got = co_await stream.read_until("\r\n\r\n");
    co_await stream.write("HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n");
    got += co_await stream.read_until_close();
  });
  HTTPRequest request(server->url(), "POST");
  bool produced = false;
  request.body_producer = [&](BodyWriter) { produced = true; };
  request.expect_100_continue = true;
  EXPECT_EQ(fetch(request, false).code, 417);
  EXPECT_FALSE(produced);
}

// HC-17
TEST_F(ClientTest, RFC_9110_10_1_1_a_server_that_does_not_know_it) {
  std::string got;
  serve([&](iostream::IOStream stream, int) -> Future<void> {
    got = co_await stream.read_until("\r\n\r\n");
    const double before = loop.time();
    got += co_await stream.read_bytes(4);
    EXPECT_GE(loop.time() - before, 0.99);
    co_await stream.write(ok("thanks"));
  });
  HTTPRequest request(server->url(), "POST");
  request.body = "body";
  request.expect_100_continue = true;
  EXPECT_EQ(fetch(request).body, "thanks");
}

// ---- streaming ----------------------------------------------------------------------------------

// HC-15
TEST_F(ClientTest, streaming_callback_gets_the_body) {
  serve([](iostream::IOStream stream, int) -> Future<void> {
    co_await stream.read_until("\r\n\r\n");
    co_await stream.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    co_await gen::sleep(1);
    co_await stream.write("3\r\ndef\r\n0\r\n\r\n");
  });
  HTTPRequest request(server->url());
  std::vector<std::string> pieces;
  request.streaming_callback = [&](std::string piece) { pieces.push_back(std::move(piece)); };
  EXPECT_EQ(fetch(request).body, "");
  EXPECT_EQ(pieces, (std::vector<std::string>{"abc", "def"}));
}

// ---- misbehaviour -------------------------------------------------------------------------------

TEST_F(ClientTest, what_is_not_http_ends_in_an_error) {
  const std::pair<std::string, std::string> cases[] = {
      {"SSH-2.0-OpenSSH\r\n\r\n", "HTTP 599: Malformed HTTP response: "},
      {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabc",
       "HTTP 599: Malformed HTTP response: Content-Length fields differ"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
       "HTTP 599: Malformed HTTP response: both Content-Length and Transfer-Encoding"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
       "HTTP 599: Malformed HTTP response: invalid chunk size"},
      {"HTTP/1.1 200 OK\r\nX: a\x01\r\n\r\n",
       "HTTP 599: Malformed HTTP response: invalid header value"},
      {"HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x'),
       "HTTP 599: Malformed HTTP response: message head exceeds the size limit"},
      {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
       "HTTP 599: Malformed HTTP response: unasked-for 101 Switching Protocols"},
  };
  for (const auto& [text, message] : cases) {
    reply({text});
    EXPECT_EQ(error_of([&] { fetch(server->url()); }).substr(0, message.size()), message);
  }
}

TEST_F(ClientTest, our_own_server) {
  httpserver::HTTPServer http([](httputil::HTTPServerRequest request) {
    httputil::HTTPHeaders headers;
    const std::string body = request.method + " " + request.uri + " " + request.body;
    headers.add("Content-Length", std::to_string(body.size()));
    request.connection->write_headers({"", 200, "OK"}, headers, body);
    request.connection->finish();
  });
  http.listen(0, "127.0.0.1");
  const std::string url = "http://127.0.0.1:" + std::to_string(http.port()) + "/caf\xc3\xa9?x";
  EXPECT_EQ(fetch(url).body, "GET /caf%C3%A9?x ");
}

}  // namespace
}  // namespace tornado::test
