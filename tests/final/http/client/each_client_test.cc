// The guarantees of AsyncHTTPClient: the same tests for both of its implementations.
#include "each_client.h"

#include "../gzip_tool.h"

namespace tornado::test {
namespace {

using httpclient::AsyncHTTPClient;
using httpclient::BodyWriter;
using httpclient::HTTPClientError;
using httpclient::HTTPRequest;
using httpclient::HTTPResponse;

INSTANTIATE_TEST_SUITE_P(, EachClientTest, implementations(), implementation_name);

// HC-04 HC-08
TEST_P(EachClientTest, a_response_as_it_came) {
  reply({"HTTP/1.1 201 Made\r\nX-One: 1\r\nX-One: 2\r\nContent-Length: 5\r\n\r\nhello"});
  const HTTPResponse response = fetch(server->url("/a?b=c#d"));
  EXPECT_EQ(response.code, 201);
  EXPECT_EQ(response.reason, "Made");
  EXPECT_EQ(response.headers["x-one"], "1,2");
  EXPECT_EQ(response.body, "hello");
  EXPECT_EQ(response.effective_url, server->url("/a?b=c#d"));
  EXPECT_EQ(response.request->url, server->url("/a?b=c#d"));
  EXPECT_EQ(response.error, nullptr);
  EXPECT_GE(response.request_time, 0);
  EXPECT_EQ(response.time_info.total, response.request_time);
  EXPECT_NO_THROW(response.rethrow());
  EXPECT_TRUE(replies->heads.at(0).starts_with("GET /a?b=c HTTP/1.1\r\n")) << replies->heads[0];
}

// HC-04 HC-09
TEST_P(EachClientTest, a_code_without_success_is_an_error) {
  reply({"HTTP/1.1 404 Gone Fishing\r\nContent-Length: 4\r\n\r\nnope",
         "HTTP/1.1 304 Not Modified\r\n\r\n", "HTTP/1.1 500 \r\nContent-Length: 0\r\n\r\n",
         "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"});
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
  EXPECT_EQ(fetch(HTTPRequest(server->url()), false).code, 401);
}

TEST_P(EachClientTest, without_a_response_the_code_is_599) {
  reply({ok("")});
  const std::string refused = server->url();
  server->stop();
  serve([](iostream::IOStream stream, int) -> Future<void> {
    co_await stream.read_until("\r\n\r\n");
    stream.close();
  });
  for (const std::string& url : {refused, server->url()}) {
    const AsyncHTTPClient client(httpclient::force_instance, options);
    int code = 0;
    client.fetch(url, [&](const HTTPResponse& response) {
      code = response.code;
      EXPECT_TRUE(holds<HTTPClientError>(response.error));
      loop.stop();
    });
    loop.start();
    EXPECT_EQ(code, 599);
    EXPECT_THROW(fetch(HTTPRequest(url), false), HTTPClientError);
  }
}

// HC-21
TEST_P(EachClientTest, what_cannot_be_sent_fails_the_future) {
  const AsyncHTTPClient client(httpclient::force_instance, options);
  for (const std::string url :
       {"ftp://h/", "file:///etc/passwd", "http://h/\r\nX: y", "", "h:x/", "http://h:x/"}) {
    EXPECT_TRUE(holds<std::invalid_argument>(client.fetch(url).exception())) << url;
  }
  HTTPRequest method("http://h/", "GET /x HTTP/1.1\r\nX:");
  method.allow_nonstandard_methods = true;
  EXPECT_TRUE(holds<std::invalid_argument>(client.fetch(method).exception()));
  HTTPRequest agent("http://h/");
  agent.user_agent = "a\r\nX: y";
  EXPECT_TRUE(holds<std::invalid_argument>(client.fetch(agent).exception()));
  EXPECT_TRUE(
      holds<std::invalid_argument>(client.fetch(HTTPRequest("http://h/", "POST")).exception()))
      << "HC-13";
}

// Tornado sends its own name then.
// HC-14
TEST_P(EachClientTest, an_empty_user_agent_is_empty) {
  reply({ok("")});
  HTTPRequest request(server->url());
  request.user_agent = "";
  fetch(request);
  EXPECT_EQ(replies->heads.at(0).find("Tornado"), std::string::npos) << replies->heads[0];
  EXPECT_EQ(replies->heads[0].find("curl"), std::string::npos) << replies->heads[0];
}

// Tornado sends the escapes.
// HC-22
TEST_P(EachClientTest, credentials_of_the_url_are_percent_decoded) {
  reply({ok("")});
  fetch("http://us%40er:p%3Aw@127.0.0.1:" + std::to_string(server->port()) + "/");
  EXPECT_NE(replies->heads.at(0).find("Authorization: Basic dXNAZXI6cDp3\r\n"), std::string::npos)
      << replies->heads[0];
}

// ---- bodies -------------------------------------------------------------------------------------

// HC-14
TEST_P(EachClientTest, a_body_is_sent_with_its_length) {
  for (const std::string method : {"POST", "PUT", "PATCH"}) {
    std::string got;
    serve([&](iostream::IOStream stream, int) -> Future<void> {
      got = co_await stream.read_until("\r\n\r\n");
      got += co_await stream.read_bytes(2'000'000);
      co_await stream.write(ok("thanks"));
    });
    HTTPRequest request(server->url(), method);
    request.body = std::string(2'000'000, 'b');
    EXPECT_EQ(fetch(request).body, "thanks");
    EXPECT_TRUE(got.starts_with(method + " / HTTP/1.1\r\n"));
    EXPECT_NE(got.find("Content-Length: 2000000\r\n"), std::string::npos);
    EXPECT_EQ(got.find("Expect"), std::string::npos);
    EXPECT_EQ(got.find("Content-Type: application/x-www-form-urlencoded") != std::string::npos,
              method == "POST");
    EXPECT_TRUE(got.ends_with("\r\n\r\n" + std::string(2'000'000, 'b')));
  }
}

// HC-13
TEST_P(EachClientTest, nonstandard_methods_and_bodies) {
  std::string got;
  serve([&](iostream::IOStream stream, int) -> Future<void> {
    for (;;) {
      got = co_await stream.read_until("\r\n\r\n");
      if (got.find("Content-Length: 3\r\n") != std::string::npos) {
        got += co_await stream.read_bytes(3);
      }
      co_await stream.write(ok("thanks"));
    }
  });
  HTTPRequest request(server->url(), "GET");
  request.allow_nonstandard_methods = true;
  request.body = "abc";
  fetch(request);
  EXPECT_TRUE(got.starts_with("GET / ") && got.ends_with("\r\n\r\nabc")) << got;
  request.method = "LOCK";
  fetch(request);
  EXPECT_TRUE(got.starts_with("LOCK / ") && got.ends_with("\r\n\r\nabc")) << got;
  request.body.reset();
  fetch(request);
  EXPECT_TRUE(got.starts_with("LOCK / ") && got.find("Content-Length") == std::string::npos) << got;
  request.method = "PUT";
  fetch(request);
  EXPECT_TRUE(got.find("Content-Length: 0\r\n") != std::string::npos) << got;
}

// HC-16
TEST_P(EachClientTest, a_producer_writes_chunks) {
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
  EXPECT_NE(got.find("Transfer-Encoding: chunked\r\n"), std::string::npos);
}

// HC-16
TEST_P(EachClientTest, a_producer_keeps_to_its_length) {
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
  EXPECT_TRUE(got.ends_with("\r\n\r\n12345")) << got;
  EXPECT_EQ(got.find("Content-Length"), got.rfind("Content-Length")) << got;
  request.body_producer = [](BodyWriter write) -> Future<void> { co_await write("123456"); };
  EXPECT_EQ(error_of([&] { fetch(request); }), "Tried to write more data than Content-Length");
  request.body_producer = [](BodyWriter write) -> Future<void> { co_await write("1234"); };
  EXPECT_EQ(error_of([&] { fetch(request); }), "Tried to write less data than Content-Length");
}

// HC-16
TEST_P(EachClientTest, what_a_producer_throws_ends_the_fetch) {
  serve([](iostream::IOStream stream, int) -> Future<void> { co_await stream.read_until_close(); });
  HTTPRequest request(server->url(), "PUT");
  request.body_producer = [](BodyWriter) { throw std::logic_error("at once"); };
  EXPECT_EQ(error_of([&] { fetch(request); }), "at once");
  request.body_producer = [](BodyWriter write) -> Future<void> {
    co_await write("x");
    co_await gen::sleep(1);
    throw std::logic_error("later");
  };
  EXPECT_EQ(error_of([&] { fetch(request); }), "later");
}

// HC-16
TEST_P(EachClientTest, writing_waits_for_a_server_that_does_not_read) {
  std::size_t written = 0;
  serve([&](iostream::IOStream stream, int) -> Future<void> {
    co_await stream.read_until("\r\n\r\n");
    co_await gen::sleep(5);
    EXPECT_LT(written, 50'000'000U);
    EXPECT_GT(written, 0U);
    co_await stream.read_bytes(50'000'000);
    co_await stream.write(ok("thanks"));
  });
  HTTPRequest request(server->url(), "PUT");
  request.headers.add("Content-Length", "50000000");
  request.body_producer = [&](BodyWriter write) -> Future<void> {
    while (written < 50'000'000) {
      co_await write(std::string(100'000, 'x'));
      written += 100'000;
    }
  };
  EXPECT_EQ(fetch(request).body, "thanks");
}

// HC-16
TEST_P(EachClientTest, the_response_may_come_before_the_body_is_written) {
  serve([](iostream::IOStream stream, int) -> Future<void> {
    co_await stream.read_until("\r\n\r\n");
    co_await stream.write("HTTP/1.1 413 Too Much\r\nContent-Length: 0\r\n\r\n");
  });
  std::string outcome;
  HTTPRequest request(server->url(), "PUT");
  request.body_producer = [&](BodyWriter write) -> Future<void> {
    try {
      for (;;) {
        co_await write("x");
        co_await gen::sleep(1);
      }
    } catch (const iostream::StreamClosedError&) {
      outcome = "told";
      loop.stop();
    }
  };
  EXPECT_EQ(fetch(request, false).code, 413);
  loop.start();
  EXPECT_EQ(outcome, "told");
}

// HC-08: as Tornado's HTTPResponse.
TEST_P(EachClientTest, a_response_without_a_reason_has_the_usual_one) {
  reply(
      {"HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n"});
  HTTPRequest request(server->url());
  std::string first_line;
  request.header_callback = [&](std::string_view line) {
    if (line.starts_with("HTTP/")) first_line = line;
  };
  EXPECT_EQ(fetch(request, false).reason, "Not Found");
  EXPECT_EQ(first_line, "HTTP/1.1 404 \r\n");  // as sent
  EXPECT_EQ(fetch(request, false).reason, "Unknown");
}

// Tornado sends the body, and does not call the producer.
// HC-16
TEST_P(EachClientTest, a_body_and_a_producer_exclude_each_other) {
  reply({ok("")});
  HTTPRequest request(server->url(), "PUT");
  request.body = "x";
  request.body_producer = [](BodyWriter) { ADD_FAILURE(); };
  EXPECT_EQ(error_of([&] { fetch(request); }),
            "a request may have a body or a body_producer, not both");
}

// Tornado calls it again.
// HC-12 HC-16
TEST_P(EachClientTest, a_redirect_that_wants_a_produced_body_again_is_the_response) {
  serve([](iostream::IOStream stream, int) -> Future<void> {
    co_await stream.read_until("0\r\n\r\n");
    co_await stream.write("HTTP/1.1 307 Go\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n");
  });
  int produced = 0;
  HTTPRequest request(server->url(), "PUT");
  request.body_producer = [&](BodyWriter write) {
    ++produced;
    write("x");
  };
  EXPECT_EQ(fetch(request, false).code, 307);
  EXPECT_EQ(produced, 1);
}

// HC-17
TEST_P(EachClientTest, the_body_waits_for_100) {
  std::string got;
  serve([&](iostream::IOStream stream, int) -> Future<void> {
    got = co_await stream.read_until("\r\n\r\n");
    auto early = stream.read_bytes(1, true);
    for (int i = 0; i < 10; ++i) co_await gen::moment;
    EXPECT_FALSE(early.done());
    co_await stream.write("HTTP/1.1 100 Continue\r\n\r\n");
    got += co_await early;
    got += co_await stream.read_bytes(3);
    co_await stream.write(ok("thanks"));
  });
  HTTPRequest request(server->url(), "POST");
  request.body = "body";
  request.expect_100_continue = true;
  std::string headers;
  request.header_callback = [&](std::string line) { headers += line; };
  EXPECT_EQ(fetch(request).body, "thanks");
  EXPECT_NE(got.find("Expect: 100-continue\r\n"), std::string::npos);
  EXPECT_TRUE(got.ends_with("\r\n\r\nbody"));
  EXPECT_TRUE(headers.starts_with("HTTP/1.1 200 OK\r\n")) << headers;
}

// ---- streaming and header callbacks -------------------------------------------------------------

// HC-15
TEST_P(EachClientTest, header_callback_gets_the_lines_before_the_body) {
  serve([](iostream::IOStream stream, int) -> Future<void> {
    co_await stream.read_until("\r\n\r\n");
    co_await stream.write("HTTP/1.1 200 OK\r\nX-A: 1\r\nx-b:2\r\nContent-Length: 2\r\n\r\n");
    co_await gen::sleep(1);
    co_await stream.write("hi");
  });
  HTTPRequest request(server->url());
  std::vector<std::string> lines;
  double at = 0;
  request.header_callback = [&](std::string line) {
    lines.push_back(std::move(line));
    at = loop.time();
  };
  EXPECT_EQ(fetch(request).body, "hi");
  EXPECT_EQ(lines, (std::vector<std::string>{"HTTP/1.1 200 OK\r\n", "X-A: 1\r\n", "X-B: 2\r\n",
                                             "Content-Length: 2\r\n", "\r\n"}));
  EXPECT_GE(loop.time() - at, 0.99);
}

// Tornado calls it for those as well.
// HC-15
TEST_P(EachClientTest, header_callback_gets_no_informational_lines) {
  reply({"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ok("")});
  HTTPRequest request(server->url());
  std::string headers;
  request.header_callback = [&](std::string line) { headers += line; };
  fetch(request);
  EXPECT_EQ(headers, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
}

// HC-15
TEST_P(EachClientTest, a_streaming_coroutine_holds_back_the_server) {
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
  EXPECT_EQ(fetch(request).body, "");
  EXPECT_EQ(got, kSize);
  EXPECT_LT(most_sent, kSize);
}

// HC-15
TEST_P(EachClientTest, the_end_comes_while_the_callback_is_not_ready) {
  reply({"HTTP/1.1 200 OK\r\n\r\nabc", ok("abc")}, true);
  for (int i = 0; i < 2; ++i) {
    HTTPRequest request(server->url());
    bool ended = false;
    request.streaming_callback = [&](std::string piece) -> Future<void> {
      co_await gen::sleep(1);
      ended = piece == "abc";
    };
    if (i == 0) loop.call_later(0.5, [&] { server->streams.at(0).close(); });
    fetch(request);
    EXPECT_TRUE(ended) << i;
  }
}

// HC-15
TEST_P(EachClientTest, what_the_callbacks_throw_ends_the_fetch) {
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

TEST_P(EachClientTest, callbacks_may_fetch_cancel_and_close) {
  reply({ok("abc")});
  const AsyncHTTPClient client(httpclient::force_instance, options);
  HTTPRequest request(server->url());
  Future<HTTPResponse> inner;
  request.header_callback = [&](std::string line) {
    if (line == "\r\n") inner = client.fetch(server->url());
  };
  EXPECT_EQ(fetch_with(client, request).body, "abc");
  EXPECT_EQ(loop.run_sync([&] { return inner; }).body, "abc");

  request.header_callback = nullptr;
  Future<HTTPResponse> cancelled;
  request.streaming_callback = [&](std::string) { cancelled.cancel(); };
  cancelled = client.fetch(request);
  EXPECT_THROW(loop.run_sync([&] { return cancelled; }), concurrent::CancelledError);

  request.streaming_callback = [&](std::string) { client.close(); };
  EXPECT_EQ(error_of([&] { fetch_with(client, request); }), "the AsyncHTTPClient was closed");
}

// ---- gzip ---------------------------------------------------------------------------------------

std::string gzipped(const std::string& packed) {
  return "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " +
         std::to_string(packed.size()) + "\r\n\r\n" + packed;
}

// HC-18
TEST_P(EachClientTest, gzip_is_asked_for_and_decoded) {
  const std::string packed = gzip("hello");
  reply({gzipped(packed)});
  const HTTPResponse response = fetch(server->url());
  EXPECT_EQ(response.body, "hello");
  EXPECT_FALSE(response.headers.contains("Content-Encoding"));
  EXPECT_EQ(response.headers["X-Consumed-Content-Encoding"], "gzip");
  EXPECT_NE(replies->heads[0].find("Accept-Encoding: gzip\r\n"), std::string::npos);
  HTTPRequest request(server->url());
  request.decompress_response = false;
  EXPECT_EQ(fetch(request).body, packed);
  EXPECT_EQ(replies->heads[1].find("Accept-Encoding"), std::string::npos);
}

// Tornado decodes neither the old name nor what follows the first member.
// HC-18
TEST_P(EachClientTest, x_gzip_and_several_members_are_decoded) {
  const std::string packed = gzip("one") + gzip("two");
  reply({ok(packed, "Content-Encoding: x-gzip\r\n")});
  const HTTPResponse response = fetch(server->url());
  EXPECT_EQ(response.body, "onetwo");
  EXPECT_EQ(response.headers["X-Consumed-Content-Encoding"], "x-gzip");
}

// HC-18
TEST_P(EachClientTest, a_body_with_a_second_coding_is_left_alone) {
  const std::string packed = gzip("hello");
  reply({ok(packed, "Content-Encoding: gzip\r\nContent-Encoding: br\r\n")});
  const HTTPResponse response = fetch(server->url());
  EXPECT_EQ(response.body, packed);
  EXPECT_EQ(response.headers.get("Content-Encoding"), "gzip,br");
}

// HC-18
TEST_P(EachClientTest, a_streaming_coroutine_gets_decoded_pieces_one_by_one) {
  std::string text;
  for (int i = 0; i < 30'000; ++i) text += std::to_string(i);
  reply({gzipped(gzip(text))});
  HTTPRequest request(server->url());
  std::string got;
  bool busy = false;
  request.streaming_callback = [&](std::string piece) -> Future<void> {
    EXPECT_FALSE(std::exchange(busy, true));
    co_await gen::sleep(0.01);
    got += piece;
    busy = false;
  };
  fetch(request);
  EXPECT_EQ(got, text);
}

// HC-18
TEST_P(EachClientTest, a_bomb_ends_at_the_limit) {
  reply({gzipped(gzip(std::string(50'000'000, '\0')))});
  options.max_body_size = 1'000'000;
  const std::string message = "HTTP 599: Malformed HTTP response: decompressed body too large";
  EXPECT_EQ(error_of([&] { fetch(server->url()); }), message);
  HTTPRequest request(server->url());
  std::size_t got = 0;
  request.streaming_callback = [&](std::string piece) { got += piece.size(); };
  EXPECT_EQ(error_of([&] { fetch(request); }), message);
  EXPECT_LE(got, 1'000'000U);
}

// HC-18
TEST_P(EachClientTest, damaged_or_cut_gzip_is_an_error) {
  const std::string packed = gzip("hello");
  reply({gzipped("not gzip"), gzipped(packed.substr(0, packed.size() - 3)), gzipped("")});
  EXPECT_EQ(error_of([&] { fetch(server->url()); }),
            "HTTP 599: Malformed HTTP response: damaged gzip body");
  EXPECT_EQ(error_of([&] { fetch(server->url()); }),
            "HTTP 599: Malformed HTTP response: the gzip body ends too early");
  EXPECT_EQ(fetch(server->url()).body, "");
}

// ---- redirects ----------------------------------------------------------------------------------

std::string redirect_to(const std::string& where, int code = 302, const std::string& body = "") {
  return "HTTP/1.1 " + std::to_string(code) + " Go\r\nLocation: " + where +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// HC-12 HC-19
TEST_P(EachClientTest, redirects_are_followed_on_the_same_connection) {
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

// HC-12
TEST_P(EachClientTest, past_the_limit_the_redirect_is_the_error) {
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

// HC-12
TEST_P(EachClientTest, credentials_do_not_go_to_another_server) {
  reply({ok("there")});
  const std::string there = server->url("/x");
  auto there_replies = std::move(replies);
  reply({redirect_to(there)});
  HTTPRequest request("http://u:p@127.0.0.1:" + std::to_string(server->port()) + "/");
  request.headers = {{"Cookie", "a=b"}, {"X-Kept", "1"}};
  EXPECT_EQ(fetch(request).body, "there");
  EXPECT_NE(replies->heads[0].find("Authorization: Basic dTpw\r\n"), std::string::npos);
  EXPECT_NE(replies->heads[0].find("Cookie"), std::string::npos);
  EXPECT_EQ(there_replies->heads[0].find("Authorization"), std::string::npos);
  EXPECT_EQ(there_replies->heads[0].find("Cookie"), std::string::npos);
  EXPECT_NE(there_replies->heads[0].find("X-Kept"), std::string::npos);
}

// HC-12
TEST_P(EachClientTest, a_long_body_of_a_redirect_is_not_waited_for) {
  reply({ok("here")});
  const std::string there = server->url();
  auto there_replies = std::move(replies);
  for (const std::string framing :
       {"Content-Length: 50000000", "X: until-close", "Transfer-Encoding: chunked"}) {
    serve([&](iostream::IOStream stream, int) -> Future<void> {
      co_await stream.read_until("\r\n\r\n");
      co_await stream.write("HTTP/1.1 302 Go\r\nLocation: " + there + "\r\n" + framing +
                            "\r\n\r\n");
      for (;;) co_await stream.write("3e8\r\n" + std::string(1000, 'x') + "\r\n");
    });
    EXPECT_EQ(fetch(server->url()).body, "here") << framing;
  }
}

// HC-12
TEST_P(EachClientTest, where_a_redirect_cannot_lead) {
  for (const std::string where : {"ftp://h/", "file:///etc/passwd", "gopher://h/"}) {
    reply({redirect_to(where)});
    EXPECT_EQ(error_of([&] { fetch(server->url()); }),
              "HTTP 599: Redirect to " + where + ": unsupported url scheme");
  }
  reply({"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"});
  EXPECT_EQ(error_of([&] { fetch(server->url()); }), "HTTP 302: Found") << "no Location";
}

// RFC 9110 10.2.2 has no blank there, but servers send it.
// HC-12
TEST_P(EachClientTest, a_blank_in_Location_is_percent_encoded) {
  reply({redirect_to("/a b?c d=e  f#g h"), ok("here")});
  const HTTPResponse response = fetch(server->url());
  EXPECT_EQ(response.body, "here");
  EXPECT_TRUE(replies->heads[1].starts_with("GET /a%20b?c%20d=e%20%20f HTTP/1.1\r\n"))
      << replies->heads[1];
  EXPECT_EQ(response.effective_url, server->url("/a%20b?c%20d=e%20%20f#g%20h"));
  reply({redirect_to("http://h h/")});
  EXPECT_EQ(error_of([&] { fetch(server->url()); }),
            "HTTP 599: Redirect to http://h h/: blank or control character in URL");
}

// HC-12
TEST_P(EachClientTest, a_post_becomes_a_get) {
  serve([](iostream::IOStream stream, int) -> Future<void> {
    co_await stream.read_until("\r\n\r\nbody");
    co_await stream.write(redirect_to("/done", 303));
    const std::string second = co_await stream.read_until("\r\n\r\n");
    EXPECT_TRUE(second.starts_with("GET /done ")) << second;
    EXPECT_EQ(second.find("Content-"), std::string::npos);
    co_await stream.write(ok("done"));
  });
  HTTPRequest request(server->url(), "POST");
  request.body = "body";
  EXPECT_EQ(fetch(request).body, "done");
}

// ---- connections that close, and limits ---------------------------------------------------------

TEST_P(EachClientTest, RFC_9110_9_2_2_a_post_is_not_sent_twice_by_itself) {
  int requests = 0;
  serve([&](iostream::IOStream stream, int number) -> Future<void> {
    co_await stream.read_until("\r\n\r\n");
    ++requests;
    co_await stream.write(ok("first"));
    co_await stream.read_until("\r\n\r\n");
    ++requests;
    stream.close();
    EXPECT_EQ(number, 0);
  });
  const AsyncHTTPClient client(httpclient::force_instance, options);
  EXPECT_EQ(fetch_with(client, HTTPRequest(server->url())).body, "first");
  HTTPRequest request(server->url(), "POST");
  request.body = "";
  EXPECT_EQ(error_of([&] { fetch_with(client, request); }), "Stream closed");
  EXPECT_EQ(requests, 2);
}

TEST_P(EachClientTest, RFC_9110_9_2_2_a_get_is_sent_again) {
  serve([&](iostream::IOStream stream, int number) -> Future<void> {
    co_await stream.read_until("\r\n\r\n");
    co_await stream.write(ok("answer " + std::to_string(number)));
    co_await stream.read_until("\r\n\r\n");
    stream.close();
  });
  const AsyncHTTPClient client(httpclient::force_instance, options);
  EXPECT_EQ(fetch_with(client, HTTPRequest(server->url())).body, "answer 0");
  EXPECT_EQ(fetch_with(client, HTTPRequest(server->url())).body, "answer 1");
}

// HC-10
TEST_P(EachClientTest, max_body_size) {
  options.max_body_size = 5;
  reply({ok("12345"), ok("123456"),
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n123456\r\n0\r\n\r\n",
         "HTTP/1.1 200 OK\r\n\r\n123456"});
  EXPECT_EQ(fetch(server->url()).body, "12345");
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(
        error_of([&] { fetch(server->url()); }).starts_with("HTTP 599: Malformed HTTP response: "));
  }
}

// HC-10
TEST_P(EachClientTest, max_header_size) {
  options.max_header_size = 200;
  reply({ok("short"), ok("long", "X: " + std::string(200, 'x') + "\r\n")});
  EXPECT_EQ(fetch(server->url()).body, "short");
  EXPECT_EQ(error_of([&] { fetch(server->url()); }),
            "HTTP 599: Malformed HTTP response: message head exceeds the size limit");
}

// HC-10
TEST_P(EachClientTest, hostname_mapping) {
  reply({ok("mapped")});
  netutil::OverrideResolver::Entry entry("example.invalid", "127.0.0.1");
  entry.new_port = server->port();
  options.hostname_mapping.push_back(entry);
  EXPECT_EQ(fetch("http://example.invalid/").body, "mapped");
  EXPECT_NE(replies->heads[0].find("Host: example.invalid\r\n"), std::string::npos);
}

// HC-07
TEST_P(EachClientTest, allow_ipv6_off_goes_to_no_ipv6_address) {
  serve([](iostream::IOStream stream, int) -> Future<void> {
    co_await stream.read_until("\r\n\r\n");
    co_await stream.write(ok("six"));
  });
  server->listen("::1");
  netutil::OverrideResolver::Entry entry("six.invalid", "::1");
  entry.new_port = server->port();
  options.hostname_mapping.push_back(entry);
  HTTPRequest request("http://six.invalid/");
  EXPECT_EQ(fetch(request).body, "six");
  request.allow_ipv6 = false;
  EXPECT_NE(error_of([&] { fetch(request); }), "no error");
}

TEST_P(EachClientTest, HEAD_and_other_responses_without_a_body) {
  reply({"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", ok("next")});
  const AsyncHTTPClient client(httpclient::force_instance, options);
  const HTTPResponse head = fetch_with(client, HTTPRequest(server->url(), "HEAD"));
  EXPECT_EQ(head.headers["Content-Length"], "1000");
  EXPECT_EQ(head.body, "");
  EXPECT_EQ(fetch_with(client, HTTPRequest(server->url())).body, "next");
  EXPECT_EQ(server->connections, 1);
}

TEST_P(EachClientTest, trailers_are_not_headers) {
  reply({"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: late\r\n\r\n"});
  HTTPRequest request(server->url());
  std::string headers;
  request.header_callback = [&](std::string line) { headers += line; };
  const HTTPResponse response = fetch(request);
  EXPECT_EQ(response.body, "abc");
  EXPECT_FALSE(response.headers.contains("X"));
  EXPECT_EQ(headers, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
}

// HC-10
TEST_P(EachClientTest, trailers_have_a_limit) {
  const std::string begun = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
  std::string trailers;
  for (int i = 0; i < 20; ++i) trailers += "X: " + std::string(995, 'x') + "\r\n";
  reply({begun + trailers.substr(0, 16'000) + "\r\n", begun + trailers + "\r\n"});
  EXPECT_EQ(fetch(server->url()).body, "");
  EXPECT_EQ(error_of([&] { fetch(server->url()); }),
            "HTTP 599: Malformed HTTP response: chunked trailers too long");
}

// HC-19
TEST_P(EachClientTest, without_keep_alive_each_request_has_a_connection) {
  reply({ok("")});
  options.keep_alive = false;
  const AsyncHTTPClient client(httpclient::force_instance, options);
  for (int i = 0; i < 2; ++i) fetch_with(client, HTTPRequest(server->url()));
  EXPECT_EQ(server->connections, 2);
  EXPECT_NE(replies->heads.at(1).find("Connection: close\r\n"), std::string::npos);
}

}  // namespace
}  // namespace tornado::test
