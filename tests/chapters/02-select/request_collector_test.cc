#include "02-select/request_collector.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace mini {
namespace {

const std::string kPost = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabcde";

// Returns the status that refuses `bytes`, or nothing if the collector waits for more.
std::optional<int> refusal(const std::string& bytes) {
  const std::optional<Request> request = RequestCollector().add(bytes);
  return request ? std::optional<int>(request->refusal) : std::nullopt;
}

TEST(RequestCollector, a_request_in_one_piece) {
  const std::optional<Request> request = RequestCollector().add(kPost);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->refusal, 0);
  EXPECT_EQ(request->method, "POST");
  EXPECT_EQ(request->target, "/a");
  EXPECT_EQ(request->body, "abcde");
}

TEST(RequestCollector, a_request_cut_in_two_anywhere) {
  for (std::size_t cut = 0; cut < kPost.size(); ++cut) {
    RequestCollector collector;
    ASSERT_FALSE(collector.add(kPost.substr(0, cut)));
    const std::optional<Request> request = collector.add(kPost.substr(cut));
    ASSERT_TRUE(request);
    EXPECT_EQ(request->body, "abcde");
  }
}

TEST(RequestCollector, a_request_byte_by_byte) {
  RequestCollector collector;
  for (std::size_t i = 0; i + 1 < kPost.size(); ++i)
    ASSERT_FALSE(collector.add(kPost.substr(i, 1)));
  const std::optional<Request> request = collector.add("e");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->method, "POST");
  EXPECT_EQ(request->body, "abcde");
}

TEST(RequestCollector, leaves_out_the_bytes_after_the_request) {
  EXPECT_EQ(RequestCollector().add(kPost + "GET /b")->body, "abcde");
  EXPECT_EQ(RequestCollector().add("GET / HTTP/1.1\r\n\r\nabc")->body, "");
}

TEST(RequestCollector, refuses_a_malformed_request) {
  EXPECT_EQ(refusal("garbage\r\n\r\n"), 400);
  EXPECT_EQ(refusal("\r\n\r\n"), 400);
  EXPECT_EQ(refusal("GET / HTTP/3.0\r\n\r\n"), 505);
  EXPECT_EQ(refusal("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"), 400);
  EXPECT_EQ(refusal("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"), 501);
}

TEST(RequestCollector, refuses_a_head_that_does_not_end_and_a_body_that_is_too_large) {
  EXPECT_EQ(refusal(std::string(kMaxHead, 'x')), std::nullopt);
  EXPECT_EQ(refusal(std::string(kMaxHead + 1, 'x')), 431);
  const std::string head = "POST / HTTP/1.1\r\nContent-Length: ";
  EXPECT_EQ(refusal(head + std::to_string(kMaxBody) + "\r\n\r\n"), std::nullopt);
  EXPECT_EQ(refusal(head + std::to_string(kMaxBody + 1) + "\r\n\r\n"), 413);
}

}  // namespace
}  // namespace mini
