// AsyncHTTPClient against servers of the same loop: requests, responses, errors.
#include <tornado/httpclient.h>
#include <tornado/httpserver.h>

#include "client_test_tools.h"
#include "gzip_tool.h"

namespace tornado::test {
namespace {

using httpclient::AsyncHTTPClient;
using httpclient::BodyWriter;
using httpclient::HTTPClientError;
using httpclient::HTTPRequest;
using httpclient::HTTPResponse;
using httpclient::HTTPStreamClosedError;

// What `call` fails with, as text; "no error" otherwise.
template <class F>
std::string error_of(F call) {
  try {
    call();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "no error";
}

TEST_F(ClientTest, HC04_HC08_a_response_as_it_came) {
  reply({"HTTP/1.1 201 Made\r\nX-One: 1\r\nContent-Length: 5\r\n\r\nhello"});
  const HTTPResponse response = fetch(server->url("/a?b=c#d"));
  EXPECT_EQ(response.code, 201);
  EXPECT_EQ(response.reason, "Made");
  EXPECT_EQ(response.headers["x-one"], "1");
  EXPECT_EQ(response.body, "hello");
  EXPECT_EQ(response.effective_url, server->url("/a?b=c#d"));
  EXPECT_EQ(response.request->url, server->url("/a?b=c#d"));
  EXPECT_EQ(response.error, nullptr);
  EXPECT_GE(response.request_time, 0);
  EXPECT_EQ(response.time_info.total, response.request_time);
  EXPECT_NO_THROW(response.rethrow());
}

TEST_F(ClientTest, HC14_what_is_sent_without_keep_alive) {
  reply({ok("")});
  options.keep_alive = false;
  fetch(server->url("/p?q=1#f"));
  EXPECT_EQ(replies->heads.at(0),
            "GET /p?q=1 HTTP/1.1\r\nConnection: close\r\nHost: 127.0.0.1:" +
                std::to_string(server->port()) +
                "\r\nUser-Agent: Tornado/0.1.0\r\nAccept-Encoding: gzip\r\n\r\n");
}

TEST_F(ClientTest, HC04_HC09_a_code_without_success_is_an_error) {
  reply({"HTTP/1.1 404 Gone Fishing\r\nContent-Length: 4\r\n\r\nnope",
         "HTTP/1.1 304 Not Modified\r\n\r\n", "HTTP/1.1 500 \r\nContent-Length: 0\r\n\r\n"});
  try {
    fetch(server->url());
    FAIL();
  } catch (const HTTPClientError& error) {
    EXPECT_EQ(error.code, 404);
    EXPECT_EQ(error.message, "Gone Fishing");
    EXPECT_STREQ(error.what(), "HTTP 404: Gone Fishing");
    ASSERT_NE(error.response, nullptr);
    EXPECT_EQ(error.response->body, "nope");
    EXPECT_EQ(error.response->effective_url, server->url());
  }
  EXPECT_EQ(error_of([&] { fetch(server->url()); }), "HTTP 304: Not Modified");
  EXPECT_EQ(error_of([&] { fetch(server->url()); }), "HTTP 500: Internal Server Error");
}

TEST_F(ClientTest, HC04_raise_error_off_gives_every_response) {
  reply({"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnope"});
  const HTTPResponse response = fetch(HTTPRequest(server->url()), false);
  EXPECT_EQ(response.code, 404);
  EXPECT_EQ(response.body, "nope");
  EXPECT_TRUE(holds<HTTPClientError>(response.error));
  EXPECT_EQ(error_of([&] { response.rethrow(); }), "HTTP 404: Not Found");
}

TEST_F(ClientTest, HC04_without_a_response_raise_error_off_raises_too) {
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

TEST_F(ClientTest, HC21_what_cannot_be_sent_fails_the_future) {
  const AsyncHTTPClient client;
  for (const std::string url : {"ftp://h/", "http://h/\r\nX: y", "", "http://h:x/"}) {
    const auto future = client.fetch(url);
    EXPECT_TRUE(holds<std::invalid_argument>(future.exception())) << url;
  }
  EXPECT_EQ(error_of([&] { fetch("gopher://h/"); }), "unsupported url scheme: gopher://h/");
  HTTPRequest proxied("http://h/");
  proxied.proxy_host = "p";
  EXPECT_EQ(error_of([&] { fetch(proxied); }), "proxy_host is not supported by the simple client");
  HTTPRequest year("http://h/");
  year.if_modified_since = INT64_MAX;
  EXPECT_TRUE(holds<std::invalid_argument>(client.fetch(year).exception()));
}

// ---- the callback form --------------------------------------------------------------------------

TEST_F(ClientTest, HC05_the_callback_gets_whatever_came) {
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

TEST_F(ClientTest, HC05_a_coroutine_callback_may_keep_a_reference) {
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

// ---- bodies -------------------------------------------------------------------------------------

TEST_F(ClientTest, HC14_a_body_is_sent_with_its_length) {
  std::string got;
  serve([&](iostream::IOStream stream, int) -> Future<void> {
    got = co_await stream.read_until("\r\n\r\n");
    got += co_await stream.read_bytes(200'000);
    co_await stream.write(ok("thanks"));
  });
  HTTPRequest request(server->url(), "POST");
  request.body = std::string(200'000, 'b');
  EXPECT_EQ(fetch(request).body, "thanks");
  EXPECT_NE(got.find("Content-Length: 200000\r\nContent-Type: application/x-www-form-urlencoded"),
            std::string::npos);
  EXPECT_TRUE(got.ends_with("\r\n\r\n" + std::string(200'000, 'b')));
}

TEST_F(ClientTest, HC16_a_producer_writes_chunks) {
  std::string got;
  serve([&](iostream::IOStream stream, int) -> Future<void> {
    got = co_await stream.read_until("0\r\n\r\n");
    co_await stream.write(ok("thanks"));
  });
  HTTPRequest request(server->url(), "PUT");
  request.body_producer = [](BodyWriter write) -> Future<void> {
    co_await write("hello ");
    co_await gen::sleep(1);
    co_await write("");
    co_await write("world");
  };
  EXPECT_EQ(fetch(request).body, "thanks");
  EXPECT_TRUE(got.ends_with("\r\n\r\n6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n")) << got;
}

TEST_F(ClientTest, HC16_a_plain_producer_with_a_length) {
  std::string got;
  serve([&](iostream::IOStream stream, int) -> Future<void> {
    got = co_await stream.read_until("\r\n\r\n");
    got += co_await stream.read_bytes(5);
    co_await stream.write(ok("thanks"));
  });
  HTTPRequest request(server->url(), "PUT");
  request.headers.add("Content-Length", "5");
  request.body_producer = [](BodyWriter write) { write("12345"); };
  EXPECT_EQ(fetch(request).body, "thanks");
  EXPECT_TRUE(got.ends_with("12345"));
}

TEST_F(ClientTest, HC16_a_producer_keeps_to_its_length) {
  reply({ok("")});
  HTTPRequest request(server->url(), "PUT");
  request.headers.add("Content-Length", "5");
  request.body_producer = [](BodyWriter write) -> Future<void> { co_await write("123456"); };
  EXPECT_EQ(error_of([&] { fetch(request); }), "Tried to write more data than Content-Length");
  request.body_producer = [](BodyWriter write) -> Future<void> { co_await write("1234"); };
  EXPECT_EQ(error_of([&] { fetch(request); }), "Tried to write less data than Content-Length");
}

// ---- 100-continue -------------------------------------------------------------------------------

TEST_F(ClientTest, HC17_the_body_waits_for_100) {
  std::string got;
  serve([&](iostream::IOStream stream, int) -> Future<void> {
    got = co_await stream.read_until("\r\n\r\n");
    co_await gen::sleep(0.5);
    auto early = stream.read_bytes(1, true);
    EXPECT_FALSE(early.done());
    co_await stream.write("HTTP/1.1 100 Continue\r\n\r\n");
    got += co_await early;
    got += co_await stream.read_bytes(3);
    co_await stream.write(ok("thanks"));
  });
  HTTPRequest request(server->url(), "POST");
  request.body = "body";
  request.expect_100_continue = true;
  EXPECT_EQ(fetch(request).body, "thanks");
  EXPECT_NE(got.find("Expect: 100-continue\r\n"), std::string::npos);
  EXPECT_TRUE(got.ends_with("\r\n\r\nbody"));
}

TEST_F(ClientTest, HC17_a_final_response_instead) {
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

TEST_F(ClientTest, HC17_RFC_9110_10_1_1_a_server_that_does_not_know_it) {
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

// ---- streaming and header callbacks -------------------------------------------------------------

TEST_F(ClientTest, HC15_header_callback_gets_the_lines) {
  reply({"HTTP/1.1 200 OK\r\nX-A: 1\r\nx-b:2\r\nContent-Length: 2\r\n\r\nhi"});
  HTTPRequest request(server->url());
  std::vector<std::string> lines;
  request.header_callback = [&](std::string line) { lines.push_back(std::move(line)); };
  EXPECT_EQ(fetch(request).body, "hi");
  EXPECT_EQ(lines, (std::vector<std::string>{"HTTP/1.1 200 OK\r\n", "X-A: 1\r\n", "X-B: 2\r\n",
                                             "Content-Length: 2\r\n", "\r\n"}));
}

TEST_F(ClientTest, HC15_streaming_callback_gets_the_body) {
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

TEST_F(ClientTest, HC15_a_streaming_coroutine_holds_back_the_server) {
  constexpr std::size_t kSize = 50'000'000;
  std::size_t got = 0;
  std::size_t most_sent = 0;
  std::size_t sent = 0;
  serve([&](iostream::IOStream stream, int) -> Future<void> {
    co_await stream.read_until("\r\n\r\n");
    co_await stream.write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kSize) +
                          "\r\n\r\n");
    while (sent < kSize) {
      co_await stream.write(std::string(100'000, 'x'));
      sent += 100'000;
    }
  });
  HTTPRequest request(server->url());
  request.request_timeout = 0;
  int calls = 0;
  request.streaming_callback = [&](std::string piece) -> Future<void> {
    if (++calls < 5) {
      const std::string kept = piece;
      co_await gen::sleep(10);
      most_sent = std::max(most_sent, sent);
      EXPECT_EQ(kept, piece);
    }
    got += piece.size();
  };
  fetch(request);
  EXPECT_EQ(got, kSize);
  EXPECT_LT(most_sent, kSize);
}

TEST_F(ClientTest, HC15_what_the_callbacks_throw_ends_the_fetch) {
  reply({ok("abc")});
  HTTPRequest request(server->url());
  request.streaming_callback = [](std::string) { throw std::logic_error("plain"); };
  EXPECT_EQ(error_of([&] { fetch(request); }), "plain");
  request.streaming_callback = [](std::string) -> Future<void> {
    co_await gen::sleep(1);
    throw std::system_error(EPERM, std::generic_category(), "coroutine");
  };
  EXPECT_EQ(error_of([&] { fetch(request); }), "coroutine: Operation not permitted");
  request.streaming_callback = [](std::string) -> Future<void> {
    throw std::logic_error("ready coroutine");
    co_return;
  };
  EXPECT_EQ(error_of([&] { fetch(request); }), "ready coroutine");
  request.streaming_callback = nullptr;
  request.header_callback = [](std::string) { throw std::logic_error("header"); };
  EXPECT_EQ(error_of([&] { fetch(request); }), "header");
}

// ---- gzip ---------------------------------------------------------------------------------------

std::string gzipped(const std::string& packed) {
  return "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " +
         std::to_string(packed.size()) + "\r\n\r\n" + packed;
}

TEST_F(ClientTest, HC18_gzip_is_asked_for_and_decoded) {
  reply({gzipped(gzip("hello"))});
  const HTTPResponse response = fetch(server->url());
  EXPECT_EQ(response.body, "hello");
  EXPECT_FALSE(response.headers.contains("Content-Encoding"));
  EXPECT_EQ(response.headers["X-Consumed-Content-Encoding"], "gzip");
  EXPECT_NE(replies->heads[0].find("Accept-Encoding: gzip\r\n"), std::string::npos);
}

TEST_F(ClientTest, HC18_not_asked_for_and_not_decoded) {
  const std::string packed = gzip("hello");
  reply({gzipped(packed)});
  HTTPRequest request(server->url());
  request.decompress_response = false;
  EXPECT_EQ(fetch(request).body, packed);
  EXPECT_EQ(replies->heads[0].find("Accept-Encoding"), std::string::npos);
}

TEST_F(ClientTest, HC18_a_bomb_ends_at_the_limit) {
  reply({gzipped(gzip(std::string(50'000'000, '\0')))});
  options.max_body_size = 1'000'000;
  EXPECT_EQ(error_of([&] { fetch(server->url()); }),
            "HTTP 599: Malformed HTTP response: decompressed body too large");
  HTTPRequest request(server->url());
  std::size_t got = 0;
  request.streaming_callback = [&](std::string piece) { got += piece.size(); };
  EXPECT_EQ(error_of([&] { fetch(request); }),
            "HTTP 599: Malformed HTTP response: decompressed body too large");
  EXPECT_LE(got, 1'000'000U);
}

// ---- redirects ----------------------------------------------------------------------------------

std::string redirect_to(const std::string& where, int code = 302, const std::string& body = "") {
  return "HTTP/1.1 " + std::to_string(code) + " Go\r\nLocation: " + where +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

TEST_F(ClientTest, HC12_redirects_are_followed) {
  reply({redirect_to("/b?c", 301, "moved"), redirect_to("d", 307), ok("here")});
  HTTPRequest request(server->url("/a"));
  std::string streamed;
  std::string headers;
  request.streaming_callback = [&](std::string piece) { streamed += piece; };
  request.header_callback = [&](std::string line) { headers += line; };
  const HTTPResponse response = fetch(request);
  EXPECT_EQ(response.effective_url, server->url("/d"));
  EXPECT_EQ(response.request->url, server->url("/a"));
  EXPECT_EQ(streamed, "here");
  EXPECT_EQ(headers, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(server->connections, 1) << "the connection is used again";
  EXPECT_TRUE(replies->heads[1].starts_with("GET /b?c HTTP/1.1\r\n"));
  EXPECT_TRUE(replies->heads[2].starts_with("GET /d HTTP/1.1\r\n"));
}

TEST_F(ClientTest, HC12_past_the_limit_the_redirect_is_the_error) {
  reply({redirect_to("/again")});
  EXPECT_EQ(error_of([&] { fetch(server->url()); }), "HTTP 302: Go");
  EXPECT_EQ(replies->heads.size(), 6U);
  HTTPRequest request(server->url());
  request.max_redirects = 1;
  EXPECT_EQ(fetch(request, false).code, 302);
  EXPECT_EQ(replies->heads.size(), 8U);
  request.follow_redirects = false;
  EXPECT_EQ(fetch(request, false).headers["Location"], "/again");
  EXPECT_EQ(replies->heads.size(), 9U);
}

TEST_F(ClientTest, HC12_where_a_redirect_cannot_lead) {
  reply({redirect_to("ftp://h/")});
  EXPECT_EQ(error_of([&] { fetch(server->url()); }),
            "HTTP 599: Redirect to ftp://h/: unsupported url scheme");
  reply({"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"});
  EXPECT_EQ(error_of([&] { fetch(server->url()); }), "HTTP 302: Found") << "no Location";
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

TEST_F(ClientTest, an_early_close_is_an_error) {
  for (const std::string text :
       {"", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"}) {
    serve([&](iostream::IOStream stream, int) -> Future<void> {
      co_await stream.read_until("\r\n\r\n");
      co_await stream.write(text);
      stream.close();
    });
    EXPECT_EQ(error_of([&] { fetch(server->url()); }), "Stream closed") << text;
    EXPECT_EQ(server->connections, 1) << "a new connection is not tried again";
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
