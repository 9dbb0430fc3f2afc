#include "01-blocking-server/exchange.h"

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>

#include "client.h"

namespace mini {
namespace {

const std::string kGet = "GET /a?b=c HTTP/1.1\r\nHost: h\r\nX-Two:  two words \r\n\r\n";
const std::string kPost = "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabcde";

TEST(ToBytes, states_the_length_and_that_the_connection_closes) {
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

TEST(ServeConnection, ends_without_a_reset_though_the_client_sent_more_than_was_read) {
  Served served(hello);
  served.client().send("garbage\r\n\r\n" + std::string(20'000, 'x'));
  EXPECT_TRUE(served.client().read_to_end().starts_with("HTTP/1.1 400 "));
}

TEST(ServeConnection, waits_no_longer_than_a_second_for_a_client_that_does_not_close) {
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
