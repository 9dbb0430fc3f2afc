// HTTPServer over real sockets: framing, keep-alive, order, and its guarantees to a callable or a
// delegate. Timeouts and endings are in server_life_test.cc.
#include <stdexcept>

#include "server_test_tools.h"

namespace tornado::test {
namespace {

using httpserver::HTTPServer;
using httpserver::HTTPServerOptions;
using httputil::HTTPHeaders;
using httputil::HTTPServerRequest;

class ServerTest : public ::testing::Test {
 protected:
  // Serves with `function` on any free port.
  template <class F>
  HTTPServer& serve(F function, const HTTPServerOptions& options = {}) {
    server_ = std::make_unique<HTTPServer>(std::move(function), options);
    server_->listen(0, "127.0.0.1");
    return *server_;
  }
  HTTPServer& serve_delegate(const HTTPServerOptions& options = {}) {
    server_ = std::make_unique<HTTPServer>(delegate_, options);
    server_->listen(0, "127.0.0.1");
    return *server_;
  }
  Client connect() { return Client(loop_, server_->port()); }
  // Returns the whole response to `request`, read until the server closes.
  std::string exchange(std::string_view request) {
    Client client = connect();
    client.send(request);
    return client.until_end();
  }

  LogLines log_;
  ioloop::IOLoop loop_;
  ScriptedDelegate delegate_;
  std::unique_ptr<HTTPServer> server_;
};

void echo(const HTTPServerRequest& request) {
  answer(*request.connection, request.method + " " + request.uri + " [" + request.body + "]");
}

// ---- HS-01, HS-02: callables and their requests -------------------------------------------------

// HS-02
TEST_F(ServerTest, a_callable_answers_now) {
  serve(echo);
  Client client = connect();
  client.send("POST /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_EQ(client.until("[abc]"),
            "HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\nPOST /a?b=c [abc]");
}

// HS-02
TEST_F(ServerTest, a_callable_answers_later) {
  std::vector<HTTPServerRequest> waiting;
  serve([&](HTTPServerRequest request) { waiting.push_back(std::move(request)); });
  Client client = connect();
  client.send(get("/later"));
  run_until(loop_, [&] { return !waiting.empty(); });
  client.pump();
  EXPECT_EQ(client.received, "");
  answer(*waiting[0].connection, "done");
  client.until("done");
}

TEST_F(ServerTest, a_callable_may_be_a_coroutine) {
  serve([prefix = std::string("a capture that is on the heap: ")](
            HTTPServerRequest request) -> Future<void> {
    co_await gen::sleep(0.001);
    answer(*request.connection, prefix + request.uri);
  });
  Client client = connect();
  client.send(get("/x"));
  client.until("on the heap: /x");
}

TEST_F(ServerTest, a_coroutine_callable_outlives_its_server) {
  bool ended = false;
  Future<void> go_on;
  serve([&, text = std::string("a capture that is on the heap")](
            HTTPServerRequest request) -> Future<void> {
    const std::string uri = request.uri;
    co_await go_on;
    EXPECT_EQ(text + uri, "a capture that is on the heap/x");
    ended = true;
  });
  Client client = connect();
  client.send(get("/x"));
  run_until(loop_, [&] { return server_->connection_count() == 1; });
  run_until(loop_, [n = 0]() mutable { return ++n > 3; });
  server_.reset();
  go_on.set_result();
  run_until(loop_, [&] { return ended; });
}

TEST_F(ServerTest, what_a_callable_throws_closes_its_connection_only) {
  serve([](const HTTPServerRequest& request) {
    if (request.uri == "/int") throw 7;
    if (request.uri == "/error") throw std::runtime_error("oops");
    echo(request);
  });
  Client other = connect();
  EXPECT_EQ(exchange(get("/int")), "");
  EXPECT_EQ(exchange(get("/error")), "");
  EXPECT_EQ(log_.count("oops"), 1U);
  other.send(get("/"));
  other.until("GET / []");
}

TEST_F(ServerTest, what_a_coroutine_callable_throws_closes_its_connection) {
  serve([](HTTPServerRequest request) -> Future<void> {
    co_await gen::sleep(0.001);
    if (request.uri == "/") throw std::runtime_error("oops");
  });
  EXPECT_EQ(exchange(get("/")), "");
  EXPECT_EQ(log_.count("oops"), 1U) << log_.text();
}

TEST_F(ServerTest, a_broken_form_is_a_400) {
  serve(echo);
  EXPECT_EQ(exchange("POST / HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data\r\n"
                     "Content-Length: 1\r\n\r\nx"),
            "HTTP/1.1 400 Bad Request\r\n\r\n");
}

TEST_F(ServerTest, request_connection_may_be_kept_after_its_exchange) {
  std::vector<HTTPServerRequest> kept;
  serve([&](HTTPServerRequest request) {
    answer(*request.connection, request.uri);
    kept.push_back(std::move(request));
  });
  Client client = connect();
  client.send(get("/1"));
  client.until("/1");
  client.send(get("/2"));
  client.until("/2");
  client.take();
  const Future<void> late = kept[0].connection->write_headers({"", 200, "OK"}, {}, "late");
  EXPECT_TRUE(late.done());
  EXPECT_THROW(late.result(), iostream::StreamClosedError);
  client.send(get("/3"));
  EXPECT_EQ(client.until("/3"), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n/3");
  server_.reset();
  EXPECT_THROW(kept[2].connection->write("x").result(), iostream::StreamClosedError);
  EXPECT_EQ(kept[2].connection->context().remote_ip, "127.0.0.1");
}

TEST_F(ServerTest, request_connection_may_be_kept_after_the_client_left) {
  std::vector<HTTPServerRequest> kept;
  serve([&](HTTPServerRequest request) { kept.push_back(std::move(request)); });
  Client client = connect();
  client.send(get("/"));
  run_until(loop_, [&] { return !kept.empty(); });
  client.reset();
  run_until(loop_, [&] { return server_->connection_count() == 0; });
  EXPECT_THROW(kept[0].connection->write_headers({"", 200, "OK"}, {}, "x").result(),
               iostream::StreamClosedError);
  kept[0].connection->finish();
}

// ---- H1-04: order -------------------------------------------------------------------------------

// H1-04
TEST_F(ServerTest, a_hundred_pipelined_requests_are_answered_in_order) {
  serve([](HTTPServerRequest request) -> Future<void> {
    const int number = std::stoi(request.uri.substr(1));
    if (number % 3 == 1) co_await gen::sleep(0.0005 * (number % 5));
    if (number % 3 == 2) co_await gen::moment;
    answer(*request.connection, request.uri + ";");
  });
  std::string all;
  std::string expected;
  for (int i = 0; i < 100; ++i) {
    const std::string path = "/" + std::to_string(i);
    all += get(path);
    expected += path + ";";
  }
  Client client = connect();
  client.send(all);
  client.until(";", 100);
  std::string bodies;
  for (std::size_t at = 0; (at = client.received.find("\r\n\r\n", at)) != std::string::npos;) {
    at += 4;
    bodies += client.received.substr(at, client.received.find(';', at) + 1 - at);
  }
  EXPECT_EQ(bodies, expected);
}

// H1-04
TEST_F(ServerTest, pipelined_bodies_in_single_bytes) {
  serve(echo);
  Client client = connect();
  const std::string two =
      "POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
      "POST /2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\ndef\r\n1\r\ng\r\n0\r\n\r\n";
  for (const char byte : two) {
    client.send({&byte, 1});
    run_until(loop_, [n = 0]() mutable { return ++n > 1; });
  }
  client.until("[defg]");
  EXPECT_NE(client.received.find("[abc]"), std::string::npos);
}

TEST_F(ServerTest, a_client_that_pipelines_and_does_not_read_is_not_served_into_memory) {
  int served = 0;
  const std::string megabyte(1 << 20, 'x');
  serve([&](const HTTPServerRequest& request) {
    ++served;
    answer(*request.connection, megabyte);
  });
  Client client = connect();
  std::string all;
  for (int i = 0; i < 60; ++i) all += get("/");
  client.send(all);
  run_until(loop_, [&] { return served > 0; });
  run_until(loop_, [n = 0]() mutable { return ++n > 20; });
  EXPECT_LT(served, 20) << "each waits in memory";
  std::size_t read = 0;
  run_until(loop_, [&] {
    client.pump();
    read += client.take().size();
    return read > 60 * megabyte.size();
  });
  EXPECT_EQ(served, 60);
}

// ---- H1-05: keep-alive --------------------------------------------------------------------------

// H1-05
TEST_F(ServerTest, Connection_close_and_no_keep_alive) {
  serve(echo);
  EXPECT_NE(exchange(get("/", "Connection: close\r\n")).find("Connection: close\r\n"),
            std::string::npos);
  HTTPServerOptions options;
  options.no_keep_alive = true;
  serve(echo, options);
  const std::string reply = exchange(get("/1") + get("/2"));
  EXPECT_EQ(occurrences(reply, "HTTP/1.1 200"), 1U);
  EXPECT_NE(reply.find("Connection: close\r\n"), std::string::npos);
}

// H1-05
TEST_F(ServerTest, HTTP_1_0_closes_unless_it_asks) {
  serve(echo);
  EXPECT_EQ(exchange("GET / HTTP/1.0\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nGET / []");
  Client client = connect();
  client.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_NE(client.until("GET /a").find("Connection: Keep-Alive\r\n"), std::string::npos);
  client.send("GET /b HTTP/1.0\r\n\r\n");
  EXPECT_EQ(occurrences(client.until_end(), "200 OK"), 2U);
}

// H1-05
TEST_F(ServerTest, HTTP_1_0_gets_a_body_of_unknown_length_until_the_end) {
  serve([](const HTTPServerRequest& request) {
    request.connection->write_headers({"", 200, "OK"}, {}, "one ");
    request.connection->write("two");
    request.connection->finish();
  });
  EXPECT_EQ(exchange("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
            "HTTP/1.1 200 OK\r\n\r\none two");
}

// ---- H1-06: framing of responses ----------------------------------------------------------------

// H1-06
TEST_F(ServerTest, chunked_where_the_length_is_unknown) {
  serve([](const HTTPServerRequest& request) {
    request.connection->write_headers({"", 200, "OK"}, {}, "one");
    request.connection->write("");  // no chunk: an empty one would be the end
    request.connection->write("twenty-six characters long");
    request.connection->finish();
  });
  Client client = connect();
  client.send(get());
  EXPECT_EQ(client.until("0\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            "3\r\none\r\n1a\r\ntwenty-six characters long\r\n0\r\n\r\n");
}

// H1-06
TEST_F(ServerTest, HEAD_204_and_304_have_no_body) {
  serve([](const HTTPServerRequest& request) {
    const int code = request.method == "HEAD" ? 200 : std::stoi(request.uri.substr(1));
    HTTPHeaders headers;
    if (request.method == "HEAD") headers.add("Content-Length", "5");
    request.connection->write_headers({"", code, "R"}, headers, "hello");
    request.connection->write("more");
    request.connection->finish();
  });
  Client client = connect();
  client.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n" + get("/204") + get("/304"));
  EXPECT_EQ(client.until("304 R\r\n\r\n"),
            "HTTP/1.1 200 R\r\nContent-Length: 5\r\n\r\n"
            "HTTP/1.1 204 R\r\n\r\nHTTP/1.1 304 R\r\n\r\n");
}

// H1-06
TEST_F(ServerTest, more_than_the_Content_Length_cuts_the_connection) {
  serve([](const HTTPServerRequest& request) {
    HTTPHeaders headers;
    headers.add("Content-Length", "2");
    request.connection->write_headers({"", 200, "OK"}, headers, request.uri == "/1" ? "abc" : "ab");
    request.connection->write("c");
  });
  EXPECT_EQ(exchange(get("/1")), "");
  EXPECT_EQ(exchange(get("/2")), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab");
  EXPECT_EQ(log_.count("more data than Content-Length"), 2U);
}

// H1-06 HU-17
TEST_F(ServerTest, less_than_the_Content_Length_ends_the_connection) {
  serve([](const HTTPServerRequest& request) {
    HTTPHeaders headers;
    headers.add("Content-Length", "5");
    request.connection->write_headers({"", 200, "OK"}, headers, "abc");
    request.connection->finish();
  });
  EXPECT_EQ(exchange(get("/") + get("/")), "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc");
  EXPECT_EQ(log_.count("HTTPOutputError: Tried to write 2 bytes less than Content-Length"), 1U);
}

// A client might believe the other length, and take the rest for the next response.
// HU-17
TEST_F(ServerTest, a_response_of_two_lengths_is_not_sent) {
  serve([](const HTTPServerRequest& request) {
    HTTPHeaders headers;
    headers.add("Content-Length", "2");
    if (request.uri == "/same") headers.add("Content-Length", "2");
    if (request.uri == "/other") headers.add("Content-Length", "3");
    if (request.uri == "/coding") headers.add("Transfer-Encoding", "chunked");
    EXPECT_THROW(request.connection->write_headers({"", 200, "OK"}, headers, "ab"),
                 httputil::HTTPOutputError);
    request.connection->write_headers({"", 204, "No"}, {}, "");
    request.connection->finish();
  });
  for (const char* path : {"/same", "/other", "/coding"}) {
    EXPECT_EQ(exchange(get(path, "Connection: close\r\n")),
              "HTTP/1.1 204 No\r\nConnection: close\r\n\r\n");
  }
}

TEST_F(ServerTest, a_reason_cannot_add_a_header_line) {
  serve([](const HTTPServerRequest& request) {
    request.connection->write_headers({"", 200, "OK\r\nSet-Cookie: a=b"}, {}, "");
    request.connection->finish();
  });
  EXPECT_EQ(exchange(get()), "");
  EXPECT_EQ(log_.count("Uncaught exception"), 1U) << log_.text();
}

TEST_F(ServerTest, finish_without_headers_ends_the_connection_and_says_so) {
  serve([](const HTTPServerRequest& request) { request.connection->finish(); });
  EXPECT_EQ(exchange(get()), "");
  EXPECT_EQ(log_.count("Uncaught exception"), 1U) << log_.text();
}

// ---- H1-01: limits ------------------------------------------------------------------------------

// H1-01
TEST_F(ServerTest, max_header_size) {
  HTTPServerOptions options;
  options.max_header_size = 100;
  serve(echo, options);
  const std::string frame = get("/", "A: \r\n");
  Client fits = connect();
  fits.send(get("/", "A: " + std::string(100 - frame.size(), 'a') + "\r\n"));
  fits.until("GET / []");
  EXPECT_EQ(exchange(get("/", "A: " + std::string(101 - frame.size(), 'a') + "\r\n")),
            kHeadTooLarge);
  EXPECT_EQ(exchange("GET /" + std::string(1000, 'a')),
            "HTTP/1.1 414 Request-URI Too Long\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(exchange(std::string(1000, 'a')), "HTTP/1.1 400 Bad Request\r\n\r\n");
  EXPECT_EQ(log_.count("message head exceeds the size limit"), 3U);
}

// H1-01
TEST_F(ServerTest, max_header_fields) {
  HTTPServerOptions options;
  options.max_header_fields = 3;
  serve(echo, options);
  Client client = connect();
  client.send(get("/", "A: 1\r\nB: 1\r\n"));
  client.until("GET / []");
  EXPECT_EQ(exchange(get("/", "A: 1\r\nB: 1\r\nC: 1\r\n")), kHeadTooLarge);
}

// H1-01
TEST_F(ServerTest, max_body_size_by_length_and_by_chunks) {
  HTTPServerOptions options;
  options.max_body_size = 4;
  serve(echo, options);
  Client client = connect();
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nabcd");
  client.until("[abcd]");
  EXPECT_EQ(exchange("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"), kBodyTooLarge);
  EXPECT_EQ(exchange("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
            kBodyTooLarge);
}

TEST_F(ServerTest, a_delegate_may_respond_to_a_request_that_exceeds_a_limit) {
  HTTPServerOptions options;
  options.max_body_size = 4;
  options.max_header_size = 100;
  std::vector<std::string> calls;
  delegate_.script.on_headers = [&](const httputil::RequestStartLine&) {
    calls.emplace_back("headers");
    return ScriptedDelegate::ready();
  };
  delegate_.script.on_gone = [&] { calls.emplace_back("gone"); };
  delegate_.script.on_refuse = [&](const httputil::RequestRefusal& refusal) {
    const auto& line = refusal.start_line;
    calls.push_back(std::to_string(refusal.status_code) + " " + refusal.reason +
                    (line ? "|" + line->method + line->path.substr(0, 5) : ""));
    answer(*delegate_.connection, "no");
    return true;
  };
  serve_delegate(options);
  const std::string no = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno";
  EXPECT_EQ(exchange("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"), no);
  EXPECT_EQ(exchange(get("/x", "X: " + std::string(100, 'x') + "\r\n")), no);
  EXPECT_EQ(exchange(get("/" + std::string(200, 'x'))), no);
  EXPECT_EQ(calls, (std::vector<std::string>{"headers", "413 Content-Length too long",
                                             "431 message head exceeds the size limit|GET/x",
                                             "414 message head exceeds the size limit|GET/xxxx"}));
  run_until(loop_, [&] { return delegate_.closed == 3; });
}

TEST_F(ServerTest, a_delegate_may_respond_to_a_refused_request_later) {
  HTTPServerOptions options;
  options.max_body_size = 4;
  delegate_.script.on_refuse = [&](const httputil::RequestRefusal&) {
    loop_.add_callback([&] { answer(*delegate_.connection, "later"); });
    return true;
  };
  serve_delegate(options);
  const std::string reply = exchange("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n" +
                                     std::string(100'000, 'x') + get());
  EXPECT_TRUE(reply.ends_with("\r\nConnection: close\r\n\r\nlater")) << reply;
  EXPECT_EQ(delegate_.started, 1);
}

TEST_F(ServerTest, a_delegate_that_throws_when_a_request_is_refused_closes_the_connection) {
  HTTPServerOptions options;
  options.max_body_size = 4;
  delegate_.script.on_refuse = [](const httputil::RequestRefusal&) -> bool { throw 1; };
  serve_delegate(options);
  EXPECT_EQ(exchange("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"), "");
  EXPECT_EQ(log_.count("Uncaught exception in a request"), 1U) << log_.text();
}

TEST_F(ServerTest, a_refused_request_whose_response_has_begun_is_cut_off) {
  HTTPServerOptions options;
  options.max_body_size = 4;
  int asked = 0;
  int gone = 0;
  delegate_.script.on_headers = [&](const httputil::RequestStartLine&) {
    delegate_.connection->write_headers({"", 200, "OK"}, {}, "begun");
    return ScriptedDelegate::ready();
  };
  delegate_.script.on_refuse = [&](const httputil::RequestRefusal&) { return ++asked > 0; };
  delegate_.script.on_gone = [&] { ++gone; };
  serve_delegate(options);
  const std::string reply = exchange("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n");
  EXPECT_TRUE(reply.ends_with("\r\n5\r\nbegun\r\n")) << reply;
  EXPECT_EQ(asked, 0);
  EXPECT_EQ(gone, 1);
}

// RFC 9112 4: a reason phrase is optional, and every status has a usual one.
TEST_F(ServerTest, a_response_without_a_reason_gets_the_usual_one) {
  int code = 404;
  serve([&](const HTTPServerRequest& request) {
    request.connection->write_headers({"", code, ""}, {{"Content-Length", "0"}}, "");
    request.connection->finish();
  });
  EXPECT_TRUE(
      exchange(get("/", "Connection: close\r\n")).starts_with("HTTP/1.1 404 Not Found\r\n"));
  code = 299;
  EXPECT_TRUE(exchange(get("/", "Connection: close\r\n")).starts_with("HTTP/1.1 299 Unknown\r\n"));
}

// H1-01
TEST_F(ServerTest, chunk_size_bounds_the_pieces) {
  HTTPServerOptions options;
  options.chunk_size = 10;
  std::vector<std::size_t> pieces;
  delegate_.script.on_data = [&](const std::string& chunk) {
    pieces.push_back(chunk.size());
    return ScriptedDelegate::ready();
  };
  delegate_.script.on_finish = [&] { answer(*delegate_.connection, "done"); };
  serve_delegate(options);
  Client client = connect();
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 25\r\n\r\n" + std::string(25, 'a'));
  client.until("done");
  std::size_t sum = 0;
  for (const std::size_t piece : pieces) {
    EXPECT_LE(piece, 10U);
    sum += piece;
  }
  EXPECT_EQ(sum, 25U);
}

TEST_F(ServerTest, a_message_that_is_not_HTTP_gets_a_400_after_the_earlier_responses) {
  serve(echo);
  const std::string reply = exchange(get("/1") + "nonsense\r\n\r\n" + get("/2"));
  EXPECT_TRUE(reply.ends_with("GET /1 []HTTP/1.1 400 Bad Request\r\n\r\n")) << reply;
  EXPECT_EQ(exchange("GET / HTTP/1.1\r\n\r\n"), "HTTP/1.1 400 Bad Request\r\n\r\n");
}

// ---- 100-continue -------------------------------------------------------------------------------

TEST_F(ServerTest, Expect_100_continue) {
  serve(echo);
  Client client = connect();
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("abc");
  client.until("[abc]");
}

TEST_F(ServerTest, Expect_100_continue_to_a_delegate_that_answers_at_once) {
  delegate_.script.on_headers = [&](const httputil::RequestStartLine&) {
    answer(*delegate_.connection, "no");
    return ScriptedDelegate::ready();
  };
  serve_delegate();
  const std::string reply =
      exchange("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_TRUE(reply.starts_with("HTTP/1.1 200 OK")) << reply;
}

// ---- HS-03: xheaders ----------------------------------------------------------------------------

// HS-03
TEST_F(ServerTest, xheaders) {
  HTTPServerOptions options;
  options.xheaders = true;
  options.trusted_downstream = {"5.5.5.5"};
  serve(
      [](const HTTPServerRequest& request) {
        answer(*request.connection, request.remote_ip + " " + request.protocol + ";");
      },
      options);
  Client client = connect();
  const auto ask = [&](std::string_view fields) {
    client.take();
    client.send(get("/", fields));
    const std::string reply = client.until(";");
    return reply.substr(reply.find("\r\n\r\n") + 4);
  };
  EXPECT_EQ(ask("X-Real-Ip: 4.4.4.4\r\nX-Forwarded-For: 6.6.6.6\r\n"), "4.4.4.4 http;");
  EXPECT_EQ(ask("X-Forwarded-For: 1.1.1.1, 4.4.4.4, 5.5.5.5\r\nX-Forwarded-Proto: a,https\r\n"),
            "4.4.4.4 https;");
  EXPECT_EQ(ask("X-Scheme: https\r\nX-Forwarded-Proto: http\r\n"), "127.0.0.1 https;");
  EXPECT_EQ(ask("X-Real-Ip: 4.4.4.4<script>\r\nX-Scheme: ftp\r\n"), "127.0.0.1 http;");
  EXPECT_EQ(ask(""), "127.0.0.1 http;");  // nothing is left of the previous request
}

// HS-03
TEST_F(ServerTest, without_xheaders_nobody_is_believed) {
  HTTPServerOptions options;
  options.protocol = "https";
  serve(
      [](const HTTPServerRequest& request) {
        answer(*request.connection, request.remote_ip + " " + request.protocol + ";");
      },
      options);
  Client client = connect();
  client.send(get("/", "X-Real-Ip: 4.4.4.4\r\nX-Scheme: http\r\n"));
  client.until("127.0.0.1 https;");
}

// HS-05
TEST_F(ServerTest, a_unix_socket_has_the_address_0_0_0_0) {
  serve([](const HTTPServerRequest& request) {
    answer(*request.connection, "from " + request.remote_ip + ";");
  });
  const std::string path =
      ::testing::TempDir() + "tornado_server_test." + std::to_string(::getpid());
  server_->add_socket(netutil::bind_unix_socket(path));
  iostream::IOStream client{netutil::Socket(netutil::Family::kUnix)};
  const std::string reply = run(loop_, [&]() -> Future<std::string> {
    co_await client.connect(netutil::Address::unix_path(path));
    co_await client.write(get());
    co_return co_await client.read_until(";");
  });
  EXPECT_TRUE(reply.ends_with("from 0.0.0.0;")) << reply;
  ::unlink(path.c_str());
}

// ---- HU-16: delegates ---------------------------------------------------------------------------

// HU-16
TEST_F(ServerTest, a_delegate_that_holds_back_stops_the_sender) {
  Future<void> go_on;
  std::size_t received = 0;
  delegate_.script.on_data = [&](const std::string& chunk) {
    received += chunk.size();
    return received > 1'000'000 ? go_on : ScriptedDelegate::ready();
  };
  delegate_.script.on_finish = [&] { answer(*delegate_.connection, "done"); };
  serve_delegate();
  Client client = connect();
  constexpr std::size_t kAll = 40'000'000;
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 40000000\r\n\r\n");
  client.send(std::string(kAll, 'a'));
  std::size_t unsent = 0;
  int same = 0;
  run_until(loop_, [&] {
    client.pump();
    same = std::exchange(unsent, client.unsent()) == client.unsent() ? same + 1 : 0;
    return same > 20;
  });
  EXPECT_GT(unsent, 0U) << "nothing held the sender back";
  EXPECT_LT(received, 1'200'000U);
  go_on.set_result();
  client.until("done");
  EXPECT_EQ(received, kAll);
}

// HU-16
TEST_F(ServerTest, headers_received_holds_back_the_body_and_the_100) {
  Future<void> go_on;
  std::vector<std::string> events;
  delegate_.script = {[&](const httputil::RequestStartLine&) { return go_on; },
                      [&](std::string chunk) {
                        events.push_back(std::move(chunk));
                        return ScriptedDelegate::ready();
                      },
                      [&] { answer(*delegate_.connection, "done"); },
                      {}};
  serve_delegate();
  Client client = connect();
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc");
  run_until(loop_, [&] { return delegate_.started == 1; });
  run_until(loop_, [n = 0]() mutable { return ++n > 5; });
  client.pump();
  EXPECT_EQ(client.received, "");
  EXPECT_TRUE(events.empty());
  go_on.set_result();
  EXPECT_TRUE(client.until("done").starts_with("HTTP/1.1 100 Continue"));
  EXPECT_EQ(events, std::vector<std::string>{"abc"});
}

TEST_F(ServerTest, a_delegate_that_responds_and_never_resumes_is_not_waited_for) {
  const Future<void> never;
  delegate_.script.on_headers = [&](const httputil::RequestStartLine&) {
    answer(*delegate_.connection, "early");
    return never;
  };
  serve_delegate();
  EXPECT_TRUE(
      exchange("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n").ends_with("early"));
}

TEST_F(ServerTest, what_a_delegate_throws_closes_the_connection) {
  serve_delegate();
  delegate_.on_start = [] { throw std::runtime_error("in start"); };
  EXPECT_EQ(exchange(get()), "");
  delegate_.on_start = nullptr;
  delegate_.script.on_headers = [](const httputil::RequestStartLine&) -> Future<void> { throw 1; };
  EXPECT_EQ(exchange(get()), "");
  delegate_.script.on_headers = [](const httputil::RequestStartLine&) -> Future<void> {
    throw httputil::HTTPInputError("no");
  };
  EXPECT_EQ(exchange(get()), "HTTP/1.1 400 Bad Request\r\n\r\n");
  delegate_.script.on_headers = [](const httputil::RequestStartLine&) -> Future<void> {
    co_await gen::moment;
    throw httputil::HTTPInputError("no");
  };
  EXPECT_EQ(exchange(get()), "HTTP/1.1 400 Bad Request\r\n\r\n");
  delegate_.script.on_headers = nullptr;
  delegate_.script.on_finish = [] { throw std::runtime_error("in finish"); };
  EXPECT_EQ(exchange(get()), "");
  EXPECT_EQ(delegate_.closed, 5);
  EXPECT_EQ(log_.count("in start"), 1U);
}

// ---- big responses ------------------------------------------------------------------------------

TEST_F(ServerTest, fifty_megabytes_to_a_slow_reader_stay_out_of_memory) {
  constexpr std::size_t kPiece = 65536;
  constexpr std::size_t kPieces = 800;
  std::size_t written = 0;
  serve([&](HTTPServerRequest request) -> Future<void> {
    const std::string piece(kPiece, 'x');
    HTTPHeaders headers;
    headers.add("Content-Length", std::to_string(kPiece * kPieces));
    const httputil::ResponseStartLine start_line{"", 200, "OK"};
    co_await request.connection->write_headers(start_line, headers, "");
    for (std::size_t i = 0; i < kPieces; ++i) {
      co_await request.connection->write(piece);
      written += kPiece;
    }
    request.connection->finish();
  });
  Client client(loop_, server_->port(), 65536);
  client.send(get());
  std::size_t read = 0;
  std::size_t most = 0;
  run_until(loop_, [&] {
    client.pump(200'000);
    read += client.take().size();
    most = std::max(most, written - std::min(written, read));
    return read >= kPiece * kPieces;
  });
  // The program's lead over the reader: two pieces here, the rest in the kernel's buffers.
  EXPECT_LT(most, 8'000'000U);
}

}  // namespace
}  // namespace tornado::test
