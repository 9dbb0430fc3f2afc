// The multipart parser, with bodies cut in every possible way.
#include "http/message/multipart.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "growth.h"

namespace tornado::http {
namespace {

// Returns the parser's results for a body in these pieces, as text: "(headers)data/" per part, "."
// at the end, or "!" and the reason.
class Reading {
 public:
  explicit Reading(std::string_view boundary, const MultipartLimits& limits = {})
      : parser_(boundary, limits) {}

  void add(std::string_view piece) {
    while (!ended_) {
      const MultipartResult result = parser_.next(piece);
      ASSERT_LE(result.consumed, piece.size());
      piece.remove_prefix(result.consumed);
      if (result.status == MultipartStatus::kNeedMore) {
        EXPECT_TRUE(piece.empty());
        return;
      }
      note(result);
    }
  }
  std::string end() {
    if (!ended_) {
      const char* const reason = parser_.end();
      text_ += reason != nullptr ? std::string("!") + reason : "?";
    }
    return text_;
  }
  std::size_t pieces() const { return pieces_; }

 private:
  void note(const MultipartResult& result) {
    switch (result.status) {
      case MultipartStatus::kPart:
        text_ += "(" + parser_.headers().str() + ")";
        return;
      case MultipartStatus::kData:
        EXPECT_FALSE(result.content.empty());
        text_ += result.content;
        ++pieces_;
        return;
      case MultipartStatus::kPartEnd:
        text_ += "/";
        return;
      case MultipartStatus::kDone:
        text_ += ".";
        EXPECT_EQ(parser_.end(), nullptr);
        ended_ = true;
        return;
      default:
        text_ += std::string("!") + result.reason;
        EXPECT_STREQ(parser_.end(), result.reason);
        EXPECT_EQ(parser_.next("more").status, MultipartStatus::kBad);
        ended_ = true;
        return;
    }
  }

  MultipartParser parser_;
  std::string text_;
  std::size_t pieces_ = 0;
  bool ended_ = false;
};

std::string read(std::string_view body, std::string_view boundary = "b",
                 const MultipartLimits& limits = {}) {
  Reading reading(boundary, limits);
  reading.add(body);
  return reading.end();
}

struct Case {
  const char* body;
  const char* expected;
};

const Case kCases[] = {
    {"--b\r\nA: 1\r\n\r\ndata\r\n--b\r\nA: 2\r\n\r\n\r\n--b--\r\n", "(A: 1\n)data/(A: 2\n)/."},
    {"--b--", "."},
    {"--b--\r\n--b\r\n\r\nepilogue\r\n--b--", "."},
    {"\r\n--b--", "."},
    {"preamble\r\n--b\r\n\r\nx\r\n--b--", "()x/."},
    {"--bx\r\n--b x\r\n--b\r\n\r\nx\r\n--b--", "()x/."},
    {"--b \t\r\nA: 1\r\n\r\none\r\n--b\t\r\n\r\ntwo\r\n--b  \r\n\r\n\r\n--b-- \r\n",
     "(A: 1\n)one/()two/()/."},
    {"--b\r\n\r\nx\r\n--b \t--\r\n--b \r--b\n\r\n--b  -\r\n--b \r\r\n--b--",
     "()x\r\n--b \t--\r\n--b \r--b\n\r\n--b  -\r\n--b \r/."},
    {"--b\r\n\r\n--b x\r\n--b--", "()--b x/."},
    {"--b\r\n\r\n--b \r\n\r\nx\r\n--b--", "()/()x/."},
    {"--b\r\n\r\nx\r\n--b \r", "()x!invalid multipart/form-data: no final boundary found"},
    {"--b\r\n\r\n\r\n--b--", "()/."},
    {"--b\r\n\r\na\r\n--c--\r\n--b-x\r\n--b\rx\r\n--bb\r\n-b\r\n--b--",
     "()a\r\n--c--\r\n--b-x\r\n--b\rx\r\n--bb\r\n-b/."},
    {"--b\r\n\r\n\r\r\r\n\r\n-\r\n--\r\n--b--", "()\r\r\r\n\r\n-\r\n--/."},
    {"--b\r\n\r\nx\r\n--b\r\r\n--b-\r\n--b--", "()x\r\n--b\r\r\n--b-/."},
    {"--b\r\n\r\nx--b--\r\n--b--", "()x--b--/."},
    {"--b\r\n\r\n--b--\r\n--b--", "()/."},
    {"--b\r\nA: 1\r\n\r\n--b\r\n\r\nx\r\n--b--", "(A: 1\n)/()x/."},
    {"--b\r\n\r\n--bx\r\n--b--", "()--bx/."},
    {"--b\r\n\r\n--b-x\r\n--b--", "()--b-x/."},
    {"--b\r\n\r\n--b\r\r\n--b--", "()--b\r/."},
    {"--b\r\n\r\n-\r\n--b--", "()-/."},
    {"--b\r\n\r\n--b", "()!invalid multipart/form-data: no final boundary found"},
    {"--b\r\nA: 1\nB: 2\r\n\r\nx\r\n--b--", "(A: 1\nB: 2\n)x/."},
    {"", "!invalid multipart/form-data: no final boundary found"},
    {"--b", "!invalid multipart/form-data: no final boundary found"},
    {"--b-", "!invalid multipart/form-data: no final boundary found"},
    {"--b\r", "!invalid multipart/form-data: no final boundary found"},
    {"--b\r\n", "!multipart/form-data missing headers"},
    {"--b\r\nA: 1\r\n", "!multipart/form-data missing headers"},
    {"--b\r\n--b--", "!multipart/form-data missing headers"},
    {"--b\r\n\r\nx", "()x!invalid multipart/form-data: no final boundary found"},
    {"--b\r\n\r\nx\r\n--b", "()x!invalid multipart/form-data: no final boundary found"},
    {"--b\r\n\r\nx\r\n--b\r\n", "()x/!multipart/form-data missing headers"},
    {"--b\r\nno colon\r\n\r\nx", "!invalid header name"},
    {"--b\r\nA: \x01\r\n\r\nx", "!invalid header value"},
};

TEST(MultipartParser, bodies_in_one_piece) {
  for (const Case& one : kCases) EXPECT_EQ(read(one.body), one.expected) << one.body;
}

TEST(MultipartParser, every_split_in_two_and_in_three_says_the_same) {
  for (const Case& one : kCases) {
    const std::string_view body = one.body;
    for (std::size_t i = 0; i <= body.size(); ++i) {
      for (std::size_t j = i; j <= body.size(); ++j) {
        Reading reading("b");
        reading.add(body.substr(0, i));
        reading.add(body.substr(i, j - i));
        reading.add(body.substr(j));
        ASSERT_EQ(reading.end(), one.expected) << body << " cut at " << i << " and " << j;
      }
    }
  }
}

TEST(MultipartParser, single_bytes_say_the_same) {
  for (const Case& one : kCases) {
    Reading reading("b");
    for (const char* c = one.body; *c != '\0'; ++c) reading.add(std::string_view(c, 1));
    EXPECT_EQ(reading.end(), one.expected) << one.body;
  }
}

TEST(MultipartParser, a_long_boundary_with_dashes_at_every_split) {
  const std::string boundary = "----WebKitFormBoundary--x";
  const std::string data = "\r\n------WebKitFormBoundary-\r\n--" + boundary + "x\r\n----";
  const std::string body = "--" + boundary + "\r\nA: 1\r\n\r\n" + data + "\r\n--" + boundary + "--";
  for (std::size_t i = 0; i <= body.size(); ++i) {
    Reading reading(boundary);
    reading.add(body.substr(0, i));
    reading.add(body.substr(i));
    EXPECT_EQ(reading.end(), "(A: 1\n)" + data + "/.") << i;
  }
}

TEST(MultipartParser, a_part_that_comes_whole_is_one_piece) {
  Reading reading("b");
  reading.add("--b\r\n\r\n" + std::string(100'000, 'x') + "\r\n--b--");
  reading.end();
  EXPECT_EQ(reading.pieces(), 1U);
}

// HU-10
TEST(MultipartParser, limits) {
  const std::string two = "--b\r\n\r\n1\r\n--b\r\n\r\n2\r\n--b--";
  EXPECT_EQ(read(two, "b", {.max_parts = 2}), "()1/()2/.");
  EXPECT_EQ(read(two, "b", {.max_parts = 1}), "()1/!multipart/form-data has too many parts");
  const MultipartLimits ten{.max_part_header_size = 10};
  EXPECT_EQ(read("--b\r\nA: 4567890\r\n\r\nx\r\n--b--", "b", ten), "(A: 4567890\n)x/.");
  const std::string eleven = "--b\r\nA: 45678901\r\n\r\nx\r\n--b--";
  for (std::size_t i = 0; i <= eleven.size(); ++i) {
    Reading reading("b", ten);
    reading.add(eleven.substr(0, i));
    reading.add(eleven.substr(i));
    EXPECT_EQ(reading.end(), "!multipart/form-data part header too large") << i;
  }
}

TEST(MultipartParser, RFC_2046_5_1_1_padding_has_a_limit) {
  const auto body = [](std::size_t blanks) {
    return "--b\r\n\r\nx\r\n--b" + std::string(blanks, ' ') + "\r\n\r\ny\r\n--b--";
  };
  EXPECT_EQ(read(body(MultipartParser::kMaxPadding)), "()x/()y/.");
  const std::string refused = "()x!multipart/form-data boundary with too many blanks";
  EXPECT_EQ(read(body(MultipartParser::kMaxPadding + 1)), refused);
}

TEST(MultipartParser, RFC_2046_5_1_1_boundaries) {
  EXPECT_TRUE(MultipartParser::is_boundary("b"));
  EXPECT_TRUE(MultipartParser::is_boundary(std::string(70, 'b')));
  EXPECT_FALSE(MultipartParser::is_boundary(std::string(71, 'b')));
  EXPECT_FALSE(MultipartParser::is_boundary(""));
  EXPECT_FALSE(MultipartParser::is_boundary("a\rb"));
  EXPECT_FALSE(MultipartParser::is_boundary("a\nb"));
}

TEST(MultipartParser, hostile_bodies_are_linear) {
  const std::string boundary(70, '-');
  const std::string almost = "\r\n--" + boundary + "  x";
  for (const std::string& piece :
       std::vector<std::string>{"\r", "\r\n", "\r\n--", "-", "\r\n------", almost}) {
    const auto make = [&](std::size_t count) {
      std::string body = "--" + boundary + "\r\n\r\n";
      for (std::size_t i = 0; i < count; ++i) body += piece;
      return body;
    };
    const auto work = [&](const std::string& body) { read(body, boundary); };
    EXPECT_LT(test::growth(make, work, 5000), test::kLinearGrowth) << piece;
  }
  const auto headers = [&](std::size_t count) { return "--b\r\n" + std::string(count, 'x'); };
  const auto bytewise = [](const std::string& body) {
    Reading reading("b", {.max_part_header_size = 1'000'000});
    for (const char& c : body) reading.add(std::string_view(&c, 1));
  };
  EXPECT_LT(test::growth(headers, bytewise, 5000), test::kLinearGrowth);
}

}  // namespace
}  // namespace tornado::http
