#include "01-blocking-server/exchange.h"

#include <gtest/gtest.h>

#include <future>
#include <stdexcept>
#include <thread>

#include "client.h"

namespace mini {
namespace {

// What read_request makes of `bytes` from a client that then says no more.
std::optional<Request> read(const std::string& bytes) {
  Pair pair;
  std::future<void> sent = std::async(std::launch::async, [&pair, &bytes] {
    pair.client.send(bytes);
    pair.client.half_close();
  });
  std::optional<Request> request = read_request(pair.server);
  if (request && request->refusal != 0) pair.server.shutdown();  // nobody reads what it still sends
  try {
    sent.get();
  } catch (const std::system_error&) {
  }
  return request;
}

int refusal(const std::string& bytes) {
  const auto request = read(bytes);
  return request ? request->refusal : -1;
}

const std::string kGet = "GET /a?b=c HTTP/1.1\r\nHost: h\r\nX-Two:  two words \r\n\r\n";
const std::string kPost = "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabcde";

TEST(ReadRequest, method_target_headers) {
  const auto request = read(kGet);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->refusal, 0);
  EXPECT_EQ(request->method, "GET");
  EXPECT_EQ(request->target, "/a?b=c");
  ASSERT_TRUE(request->header("x-two"));
  EXPECT_EQ(*request->header("x-two"), "two words");
  EXPECT_EQ(request->header("X-Three"), nullptr);
  EXPECT_EQ(request->body, "");
}

TEST(ReadRequest, arguments_of_the_query) {
  Request request;
  request.target = "/p?a=1&bb=2&c";
  EXPECT_EQ(request.argument("a"), "1");
  EXPECT_EQ(request.argument("bb"), "2");
  EXPECT_EQ(request.argument("c"), "");
  EXPECT_EQ(request.argument("b"), "");
}

TEST(ReadRequest, a_body_as_long_as_Content_Length_says) {
  const auto request = read(kPost + "not of this request");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->body, "abcde");
}

TEST(ReadRequest, one_byte_at_a_time) {
  Pair pair;
  std::future<std::optional<Request>> request =
      std::async(std::launch::async, [&pair] { return read_request(pair.server); });
  for (const char byte : kPost) pair.client.send(std::string_view(&byte, 1));
  ASSERT_TRUE(request.get()->body == "abcde");
}

TEST(ReadRequest, cut_off_anywhere_it_is_nothing) {
  for (std::size_t size = 0; size < kPost.size(); ++size) {
    EXPECT_FALSE(read(kPost.substr(0, size))) << size << " bytes";
  }
}

TEST(ReadRequest, what_is_no_request_is_refused) {
  EXPECT_EQ(refusal("garbage\r\n\r\n"), 400);
  EXPECT_EQ(refusal("\r\n\r\n"), 400);
  EXPECT_EQ(refusal("GET /\r\n\r\n"), 400);
  EXPECT_EQ(refusal("GET  / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nno colon\r\n\r\n"), 400);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\n: no name\r\n\r\n"), 400);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost : h\r\n\r\n"), 400);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n"), 400);
  EXPECT_EQ(refusal("GET / HTTP/2.0\r\n\r\n"), 505);
}

TEST(ReadRequest, a_length_that_is_no_number_or_two_is_refused) {
  const std::string head = "POST / HTTP/1.1\r\nContent-Length: ";
  for (const char* length : {"", "x", "-1", "+1", "1x", "0x1", "1 1", "1,1"}) {
    EXPECT_EQ(refusal(head + length + "\r\n\r\na"), 400) << length;
  }
  EXPECT_EQ(refusal(head + "1\r\nContent-Length: 2\r\n\r\nab"), 400);
  EXPECT_EQ(refusal(head + "1\r\ncontent-length: 1\r\n\r\na"), 0);
  EXPECT_EQ(refusal("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 501);
}

TEST(ReadRequest, a_head_over_the_limit_is_refused) {
  const std::string head = "GET / HTTP/1.1\r\nA: ";
  EXPECT_EQ(refusal(head + std::string(kMaxHead - head.size() - 4, 'x') + "\r\n\r\n"), 0);
  EXPECT_EQ(refusal(head + std::string(2 * kMaxHead, 'x')), 431);
}

TEST(ReadRequest, a_body_over_the_limit_is_refused_before_it_is_read) {
  const std::string head = "POST / HTTP/1.1\r\nContent-Length: ";
  EXPECT_EQ(refusal(head + std::to_string(kMaxBody) + "\r\n\r\n" + std::string(kMaxBody, 'x')), 0);
  EXPECT_EQ(refusal(head + std::to_string(kMaxBody + 1) + "\r\n\r\n"), 413);
  EXPECT_EQ(refusal(head + "99999999999999999999999\r\n\r\n"), 413);
}

TEST(ToBytes, has_the_length_and_says_that_it_closes) {
  EXPECT_EQ(to_bytes({200, "abc"}),
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Length: 3\r\n"
            "Connection: close\r\n\r\nabc");
  EXPECT_TRUE(
      to_bytes({200, "abc"}, false).ends_with("Content-Length: 3\r\nConnection: close\r\n\r\n"));
}

// Serves one connection in a thread of its own while the test plays the client.
class Served {
 public:
  explicit Served(Handler handler)
      : thread_([this, handler = std::move(handler)] {
          serve_connection(pair_.server, handler);
          pair_.server.close();
        }) {}
  ~Served() { thread_.join(); }
  Client& client() { return pair_.client; }

 private:
  Pair pair_;
  std::thread thread_;
};

Response hello(const Request&) {
  return {200, "hello"};
}

TEST(ServeConnection, answers_and_ends) {
  Served served(hello);
  EXPECT_TRUE(served.client().ask(kGet).ends_with("\r\n\r\nhello"));
}

TEST(ServeConnection, HEAD_gets_the_head_only) {
  Served served(hello);
  const std::string answer = served.client().ask("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(answer.ends_with("Content-Length: 5\r\nConnection: close\r\n\r\n")) << answer;
}

TEST(ServeConnection, a_refusal_is_answered) {
  Served served(hello);
  EXPECT_TRUE(served.client().ask("garbage\r\n\r\n").starts_with("HTTP/1.1 400 Bad Request\r\n"));
}

TEST(ServeConnection, a_handler_that_throws_is_answered_500) {
  Served served([](const Request&) -> Response { throw std::runtime_error("on purpose"); });
  EXPECT_TRUE(served.client().ask(kGet).starts_with("HTTP/1.1 500 Internal Server Error\r\n"));
  Served other([](const Request&) -> Response { throw 1; });
  EXPECT_TRUE(other.client().ask(kGet).starts_with("HTTP/1.1 500 Internal Server Error\r\n"));
}

TEST(ServeConnection, the_end_is_no_reset_though_the_client_sent_more_than_was_read) {
  Served served(hello);
  served.client().send("garbage\r\n\r\n" + std::string(20'000, 'x'));
  EXPECT_TRUE(served.client().read_to_end().starts_with("HTTP/1.1 400 "));
}

TEST(ServeConnection, a_client_that_never_ends_is_not_waited_for_longer_than_a_second) {
  const auto start = std::chrono::steady_clock::now();
  {
    Served served(hello);
    served.client().send(kGet);  // and neither reads nor closes
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST(ServeConnection, a_client_that_resets_at_any_byte_throws_nothing) {
  for (std::size_t size = 0; size <= kPost.size(); ++size) {
    Served served([](const Request&) { return Response{200, std::string(1'000'000, 'x')}; });
    served.client().send(kPost.substr(0, size));
    served.client().reset();
  }
}

}  // namespace
}  // namespace mini
