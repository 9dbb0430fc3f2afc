#include "07-futures/http_client.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "../04-iostream/stream_pair.h"
#include "04-iostream/tcpserver.h"
#include "05-http/http_server.h"

namespace mini {
namespace {

// Responds to every request with `bytes`, and then closes if `closes` is set.
class CannedServer : public TCPServer {
 public:
  using TCPServer::TCPServer;
  std::string bytes;
  bool closes = true;
  std::string asked;

 private:
  void handle_stream(std::shared_ptr<IOStream> stream) override {
    stream->read_until("\r\n\r\n", [this, stream](std::string head) {
      asked = std::move(head);
      stream->write(bytes);
      if (closes) stream->end_in_order();
      kept_ = stream;
    });
  }
  std::shared_ptr<IOStream> kept_;
};

class HTTPClientTest : public testing::Test {
 protected:
  HTTPClientTest() { server_.listen(0); }

  std::string url(const std::string& target = "/") {
    return "http://127.0.0.1:" + std::to_string(server_.port()) + target;
  }
  HTTPResponse fetch(const std::string& bytes, bool closes = true) {
    server_.bytes = bytes;
    server_.closes = closes;
    std::optional<HTTPResponse> response;
    client_.fetch(url(), [&](HTTPResponse it) {
      EXPECT_FALSE(response) << "called twice";
      response = std::move(it);
    });
    EXPECT_FALSE(response) << "called inside fetch()";
    run_until(loop_, [&] { return response.has_value(); });
    settle(loop_);
    return response.value_or(HTTPResponse());
  }

  VirtualClock clock_;
  IOLoop loop_{clock_};
  CannedServer server_{loop_};
  AsyncHTTPClient client_{loop_, {.timeout = 20, .max_body = 1000}};
};

TEST_F(HTTPClientTest, sends_a_request_and_gets_the_response) {
  const HTTPResponse response =
      fetch("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello", false);
  EXPECT_EQ(response.code, 200);
  EXPECT_EQ(response.body, "hello");
  EXPECT_EQ(response.headers.get("x-a"), "b");
  EXPECT_EQ(response.error, "");
  EXPECT_EQ(server_.asked,
            "GET / HTTP/1.0\r\nHost: 127.0.0.1:" + std::to_string(server_.port()) + "\r\n\r\n");
}

TEST_F(HTTPClientTest, a_body_may_end_with_the_connection) {
  EXPECT_EQ(fetch("HTTP/1.0 404 Not Found\r\n\r\nall of it").body, "all of it");
}

TEST_F(HTTPClientTest, bytes_after_the_content_length_are_not_body) {
  EXPECT_EQ(fetch("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhello").body, "he");
}

TEST_F(HTTPClientTest, a_truncated_response_is_an_error) {
  for (const std::string bytes :
       {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"}) {
    const HTTPResponse response = fetch(bytes);
    EXPECT_EQ(response.code, 0);
    EXPECT_EQ(response.error, "the server closed the connection") << bytes;
    EXPECT_EQ(response.body, "");
  }
}

TEST_F(HTTPClientTest, a_malformed_response_is_an_error) {
  for (const std::string bytes :
       {"garbage\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 099 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "SSH-2.0 200 x\r\n\r\n"}) {
    EXPECT_EQ(fetch(bytes).error, "the server does not speak HTTP") << bytes;
  }
}

TEST_F(HTTPClientTest, a_response_has_a_size_limit) {
  EXPECT_EQ(fetch("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n").error,
            "the response is too long");
  EXPECT_EQ(fetch("HTTP/1.1 200 OK\r\n\r\n" + std::string(2000, 'x')).error,
            "the response is too long");
  EXPECT_NE(fetch("HTTP/1.1 200 OK\r\nA: " + std::string(100'000, 'x')).error, "");
}

TEST_F(HTTPClientTest, a_silent_server_times_out_after_20_s) {
  server_.closes = false;
  const double start = loop_.time();
  std::string error;
  client_.fetch(url(), [&](const HTTPResponse& response) {
    error = response.error;
    loop_.stop();
  });
  loop_.start();  // the virtual clock jumps ahead when nothing is ready
  EXPECT_EQ(error, "timed out");
  EXPECT_EQ(loop_.time() - start, 20);
}

TEST_F(HTTPClientTest, a_port_where_nobody_listens) {
  const std::uint16_t port = Socket::listen(0).port();  // closed again
  std::string error;
  client_.fetch("http://127.0.0.1:" + std::to_string(port) + "/",
                [&](const HTTPResponse& response) { error = response.error; });
  run_until(loop_, [&] { return !error.empty(); });
  EXPECT_EQ(error, "Connection refused");
}

class NoDescriptorsLeft {
 public:
  NoDescriptorsLeft() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    rlimit none = before_;
    none.rlim_cur = 0;
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  NoDescriptorsLeft(const NoDescriptorsLeft&) = delete;
  NoDescriptorsLeft& operator=(const NoDescriptorsLeft&) = delete;
  ~NoDescriptorsLeft() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST_F(HTTPClientTest, running_out_of_descriptors_is_an_error) {
  // Fetch once with descriptors: UBSan needs some when it first checks a virtual call.
  server_.bytes = "HTTP/1.1 200 OK\r\n\r\nhello";
  const Future<HTTPResponse> good = client_.fetch(url());
  run_until(loop_, [&] { return good.done(); });
  std::string error;
  Future<HTTPResponse> answer;
  {
    const NoDescriptorsLeft none;
    client_.fetch(url(), [&](const HTTPResponse& response) { error = response.error; });
    answer = client_.fetch(url());
  }
  EXPECT_EQ(error, "") << "called inside fetch()";
  run_until(loop_, [&] { return answer.done(); });
  EXPECT_EQ(error, "Too many open files");
  EXPECT_THROW(answer.result(), std::runtime_error);
}

TEST_F(HTTPClientTest, as_a_future) {
  server_.bytes = "HTTP/1.1 200 OK\r\n\r\nhello";
  const Future<HTTPResponse> good = client_.fetch(url());
  run_until(loop_, [&] { return good.done(); });
  EXPECT_EQ(good.result().body, "hello");
  server_.bytes = "HTTP/1.1 404 Not Found\r\n\r\n";
  const Future<HTTPResponse> bad = client_.fetch(url("/gone"));
  run_until(loop_, [&] { return bad.done(); });
  try {
    bad.result();
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(error.what(), url("/gone") + ": HTTP 404");
  }
}

TEST(HTTPUrl, parts) {
  const HTTPUrl url = HTTPUrl::parse("http://localhost:81/a?b=c");
  EXPECT_EQ(url.host, "localhost");
  EXPECT_EQ(url.port, 81);
  EXPECT_EQ(url.target, "/a?b=c");
  EXPECT_EQ(HTTPUrl::parse("http://h").target, "/");
  EXPECT_EQ(HTTPUrl::parse("http://h?a").target, "/?a");
  for (const std::string bad :
       {"", "h", "https://h/", "http://", "http://:80/", "http://h:0/", "http://h:x/",
        "http://h:65536/", "http://h/a b", "http://h/\r\nA: b"}) {
    EXPECT_THROW(HTTPUrl::parse(bad), std::invalid_argument) << bad;
  }
}

TEST(HTTPClient, refuses_a_host_name) {
  IOLoop loop;
  AsyncHTTPClient client(loop);
  EXPECT_THROW(client.fetch("http://example.com/", [](const HTTPResponse&) { FAIL(); }),
               std::invalid_argument);
  settle(loop);
}

}  // namespace
}  // namespace mini
