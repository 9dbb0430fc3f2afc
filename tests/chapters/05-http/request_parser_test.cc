#include "05-http/request_parser.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace mini {
namespace {

// What comes out of the parser after it was fed `bytes` in pieces of `size`.
struct Parsed {
  std::vector<RequestData> requests;
  int refusal = 0;
};

Parsed parse(const std::string& bytes, std::size_t size = std::string::npos,
             HTTPLimits limits = {}) {
  RequestParser parser(limits);
  Parsed parsed;
  for (std::size_t at = 0; at < bytes.size(); at += std::min(size, bytes.size())) {
    parser.feed(bytes.substr(at, size));
    while (auto request = parser.next()) parsed.requests.push_back(std::move(*request));
  }
  parsed.refusal = parser.refusal();
  return parsed;
}

int refusal(const std::string& bytes) {
  const Parsed parsed = parse(bytes);
  EXPECT_EQ(parsed.requests.size(), 0u) << bytes;
  return parsed.refusal;
}

// A POST whose head has these fields.
std::string post(const std::string& fields, const std::string& body) {
  return "POST / HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n" + body;
}

const std::string kGet = "GET /a?b=c HTTP/1.1\r\nHost: h\r\nX-Two:\ttwo words \r\n\r\n";
const std::string kPost = post("Content-Length: 5\r\n", "abcde");
const std::string kChunked = post("Transfer-Encoding: Chunked\r\n",
                                  "3\r\nabc\r\n0A;x=y\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n");

TEST(RequestParser, a_head) {
  const Parsed parsed = parse(kGet);
  ASSERT_EQ(parsed.requests.size(), 1u);
  const RequestData& request = parsed.requests[0];
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.uri, "/a?b=c");
  EXPECT_EQ(request.path(), "/a");
  EXPECT_EQ(request.query(), "b=c");
  EXPECT_EQ(request.version, "HTTP/1.1");
  EXPECT_EQ(request.headers.get("x-two"), "two words");
  EXPECT_EQ(request.body, "");
}

TEST(RequestParser, many_requests_cut_anywhere_are_the_same_requests) {
  const std::string bytes = kGet + kPost + "\r\n" + kChunked + kGet;
  for (std::size_t size = 1; size <= bytes.size(); ++size) {
    const Parsed parsed = parse(bytes, size);
    ASSERT_EQ(parsed.requests.size(), 4u) << "in pieces of " << size;
    EXPECT_EQ(parsed.requests[0].uri, "/a?b=c");
    EXPECT_EQ(parsed.requests[1].body, "abcde");
    EXPECT_EQ(parsed.requests[2].body, "abc0123456789");
    EXPECT_EQ(parsed.requests[3].uri, "/a?b=c");
  }
}

TEST(RequestParser, every_beginning_of_a_request_waits_for_the_rest) {
  for (const std::string& whole : {kGet, kPost, kChunked}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const Parsed parsed = parse(whole.substr(0, size));
      EXPECT_EQ(parsed.requests.size(), 0u) << size;
      EXPECT_EQ(parsed.refusal, 0) << size;
    }
  }
}

TEST(RequestParser, keep_alive) {
  const auto keeps = [](const std::string& version, const std::string& fields) {
    const Parsed parsed = parse("GET / " + version + "\r\nHost: h\r\n" + fields + "\r\n");
    return parsed.requests.size() == 1 && parsed.requests[0].keep_alive();
  };
  EXPECT_TRUE(keeps("HTTP/1.1", ""));
  EXPECT_FALSE(keeps("HTTP/1.1", "Connection: Close\r\n"));
  EXPECT_FALSE(keeps("HTTP/1.1", "Connection: foo, close\r\n"));
  EXPECT_FALSE(keeps("HTTP/1.0", ""));
  EXPECT_TRUE(keeps("HTTP/1.0", "Connection: keep-alive\r\n"));
}

TEST(RequestParser, a_request_line_is_three_words) {
  for (const std::string line : {"GET", "GET /", "GET  / HTTP/1.1", " GET / HTTP/1.1",
                                 "GET / HTTP/1.1 ", "GET /\tx HTTP/1.1", "G(T / HTTP/1.1",
                                 "GET / HTTP/11", "GET / http/1.1", "GET /\x7f HTTP/1.1"}) {
    EXPECT_EQ(refusal(line + "\r\nHost: h\r\n\r\n"), 400) << line;
  }
  EXPECT_EQ(refusal("GET / HTTP/2.0\r\nHost: h\r\n\r\n"), 505);
}

TEST(RequestParser, a_field_is_a_name_a_colon_and_a_value) {
  for (const std::string field :
       {"A", ": b", "A : b", " A: b", "A B: c", "A: b\r\n c", "A: b\nC: d", "A: b\rc"}) {
    EXPECT_EQ(refusal(post(field + "\r\n", "")), 400) << field;
  }
  EXPECT_EQ(refusal(post(std::string("A: b\0c\r\n", 8), "")), 400);
}

TEST(RequestParser, one_host) {
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(refusal(post("Host: other\r\n", "")), 400);
  EXPECT_EQ(parse("GET / HTTP/1.0\r\n\r\n").requests.size(), 1u);
}

TEST(RequestParser, one_way_to_find_the_end_of_the_body) {
  for (const std::string fields :
       {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n", "Content-Length: 5, 6\r\n",
        "Content-Length: +5\r\n", "Content-Length: -5\r\n", "Content-Length: 0x5\r\n",
        "Content-Length: 5 5\r\n", "Content-Length:\r\n"}) {
    EXPECT_EQ(refusal(post(fields, "abcde")), 400) << fields;
  }
  for (const std::string coding : {"gzip, chunked", "chunked, chunked", "xchunked", "identity"}) {
    EXPECT_EQ(refusal(post("Transfer-Encoding: " + coding + "\r\n", "0\r\n\r\n")), 501) << coding;
  }
  EXPECT_EQ(refusal("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400);
  const Parsed twice = parse(post("Content-Length: 5\r\nContent-Length: 5\r\n", "abcde"));
  EXPECT_EQ(twice.requests.size(), 1u);
}

TEST(RequestParser, chunks_are_counted_in_hexadecimal_and_end_where_they_say) {
  for (const std::string body :
       {"\r\n", "g\r\n", "-1\r\n", "+1\r\na\r\n", "0x1\r\na\r\n", "1\r\nabc\r\n0\r\n\r\n",
        "1\r\na\n\n0\r\n\r\n", "0\r\nbad trailer\r\n\r\n", "1\n\r\na\r\n"}) {
    EXPECT_EQ(refusal(post("Transfer-Encoding: chunked\r\n", body)), 400) << body;
  }
}

TEST(RequestParser, limits) {
  const HTTPLimits limits{100, 10};
  const auto refusal_within = [&](const std::string& bytes) {
    return parse(bytes, 7, limits).refusal;
  };
  EXPECT_EQ(refusal_within("GET /" + std::string(100, 'x')), 431);
  EXPECT_EQ(refusal_within(post("Content-Length: 11\r\n", "")), 413);
  EXPECT_EQ(refusal_within(post("Content-Length: 99999999999999999999999\r\n", "")), 413);
  EXPECT_EQ(refusal_within(post("Content-Length: 10\r\n", "0123456789")), 0);
  const std::string chunked = "Transfer-Encoding: chunked\r\n";
  EXPECT_EQ(refusal_within(post(chunked, "6\r\nabcdef\r\n5\r\n")), 413);
  EXPECT_EQ(refusal_within(post(chunked, "ffffffffffffffffff\r\n")), 413);
  EXPECT_EQ(refusal_within(post(chunked, "1;" + std::string(5000, 'x'))), 400);
  EXPECT_EQ(refusal_within(post(chunked, "0\r\nA: b\r\nA: " + std::string(100, 'x'))), 400);
}

// Expects the same result for `bytes` whole, cut in two anywhere, and byte by byte.
void expect_refusal(int expected, const std::string& bytes, HTTPLimits limits) {
  const std::string beginning = bytes.substr(0, 40);
  for (const std::size_t size : {bytes.size(), std::size_t{1}}) {
    const Parsed parsed = parse(bytes, size, limits);
    EXPECT_EQ(parsed.refusal, expected) << "in pieces of " << size << ": " << beginning;
    EXPECT_EQ(parsed.requests.size(), expected == 0 ? 1u : 0u) << beginning;
  }
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    RequestParser parser(limits);
    parser.feed(bytes.substr(0, cut));
    bool whole = parser.next().has_value();
    parser.feed(bytes.substr(cut));
    whole = parser.next().has_value() || whole;
    EXPECT_EQ(parser.refusal(), expected) << "cut at " << cut << ": " << beginning;
    EXPECT_EQ(whole, expected == 0) << "cut at " << cut << ": " << beginning;
  }
}

TEST(RequestParser, what_just_fits_still_fits_however_it_is_cut) {
  const std::size_t limit = 100;
  const std::string head = "GET / HTTP/1.1\r\nHost: h\r\nA: ";
  for (std::size_t size = limit - 2; size <= limit + 1; ++size) {
    const std::string fill(size - head.size(), 'x');
    expect_refusal(size > limit ? 431 : 0, head + fill + "\r\n\r\n", {limit, 10});
  }
  const std::string chunked = post("Transfer-Encoding: chunked\r\n", "");
  for (std::size_t size = limit - 2; size <= limit + 1; ++size) {
    const std::string line = "A: " + std::string(size - 3, 'x');
    expect_refusal(size > limit ? 400 : 0, chunked + "0\r\n" + line + "\r\n\r\n", {limit, 10});
  }
  for (std::size_t size = 4096 - 2; size <= 4096 + 1; ++size) {
    const std::string line = "0;" + std::string(size - 2, 'x');
    expect_refusal(size > 4096 ? 400 : 0, chunked + line + "\r\n\r\n", {limit, 10});
  }
}

TEST(RequestParser, a_refusal_is_the_end) {
  RequestParser parser;
  parser.feed("garbage\r\n\r\n" + kGet);
  EXPECT_FALSE(parser.next());
  EXPECT_EQ(parser.refusal(), 400);
  parser.feed(kGet);
  EXPECT_FALSE(parser.next());
}

TEST(RequestParser, requests_before_a_refusal_are_served) {
  const Parsed parsed = parse(kGet + "garbage\r\n\r\n");
  EXPECT_EQ(parsed.requests.size(), 1u);
  EXPECT_EQ(parsed.refusal, 400);
}

}  // namespace
}  // namespace mini
