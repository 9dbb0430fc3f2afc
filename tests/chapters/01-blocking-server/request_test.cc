#include "01-blocking-server/request.h"

#include <gtest/gtest.h>

#include <future>
#include <string>
#include <system_error>

#include "client.h"

namespace mini {
namespace {

// Returns what read_request makes of `bytes`, after which the client stops sending.
std::optional<Request> read(const std::string& bytes) {
  Pair pair;
  std::future<void> sent = std::async(std::launch::async, [&pair, &bytes] {
    pair.client.send(bytes);
    pair.client.half_close();
  });
  std::optional<Request> request = read_request(pair.server);
  if (request && request->refusal != 0) pair.server.shutdown();  // nobody reads the rest
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

TEST(ReadRequest, a_request_cut_off_anywhere_is_nothing) {
  for (std::size_t size = 0; size < kPost.size(); ++size) {
    EXPECT_FALSE(read(kPost.substr(0, size))) << size << " bytes";
  }
}

TEST(ReadRequest, a_malformed_request_is_refused) {
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

TEST(ReadRequest, a_bad_length_or_two_lengths_are_refused) {
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

}  // namespace
}  // namespace mini
