// Range and the conditions of conditional requests, as text.
#include "http/message/range.h"

#include <gtest/gtest.h>

#include <string>

namespace tornado::http {
namespace {

// "all", "none", or the bytes to send, as "first-last".
std::string parsed(std::string_view field, std::uint64_t size = 13) {
  ByteRange range;
  switch (parse_range(field, size, range)) {
    case RangeStatus::kAll:
      return "all";
    case RangeStatus::kUnsatisfiable:
      return "none";
    case RangeStatus::kPart:
      return std::to_string(range.begin) + "-" + std::to_string(range.end - 1);
  }
  return "";
}

// WX-08
TEST(Range, one_range) {
  EXPECT_EQ(parsed("bytes=0-4"), "0-4");
  EXPECT_EQ(parsed("bytes=0-0"), "0-0");
  EXPECT_EQ(parsed("bytes=12-12"), "12-12");
  EXPECT_EQ(parsed("bytes=5-"), "5-12");
  EXPECT_EQ(parsed("bytes=5-100"), "5-12");
  EXPECT_EQ(parsed("bytes=-3"), "10-12");
  EXPECT_EQ(parsed("bytes=-12"), "1-12");
}

// WX-08
TEST(Range, a_range_that_covers_everything_is_not_a_part) {
  EXPECT_EQ(parsed("bytes=0-"), "all");
  EXPECT_EQ(parsed("bytes=0-12"), "all");
  EXPECT_EQ(parsed("bytes=0-100"), "all");
  EXPECT_EQ(parsed("bytes=-13"), "all");
  EXPECT_EQ(parsed("bytes=-100"), "all");
}

// WX-08
TEST(Range, unsatisfiable) {
  EXPECT_EQ(parsed("bytes=13-"), "none");
  EXPECT_EQ(parsed("bytes=50-60"), "none");
  EXPECT_EQ(parsed("bytes=5-2"), "none");
  EXPECT_EQ(parsed("bytes=-0"), "none");
  EXPECT_EQ(parsed("bytes=0-", 0), "none");
  EXPECT_EQ(parsed("bytes=-5", 0), "all") << "all of nothing (RFC 9110 14.1.2)";
}

// WX-08
TEST(Range, what_is_not_understood_is_everything) {
  for (const char* field :
       {"",           "bytes",       "bytes=",      "bytes=-",       "bytes=a-b",
        "bytes=1",    "bytes=1-2-3", "bytes=--1",   "bytes=0-1,3-4", "bytes=0-1,",
        "bytes=+1-2", "bytes=0x1-2", "bytes=1 2-3", "lines=0-4",     "=0-4",
        "0-4",        "bytes=1-2x",  "bytes==1-2",  "bytes=1--2",    "bytes 0-4"}) {
    EXPECT_EQ(parsed(field), "all") << field;
  }
}

TEST(Range, blanks_and_cases_are_allowed) {
  EXPECT_EQ(parsed(" bytes = 0-4 "), "0-4");
  EXPECT_EQ(parsed("BYTES=0-4"), "0-4");
}

TEST(Range, numbers_may_have_any_length) {
  const std::string big(400, '9');
  EXPECT_EQ(parsed("bytes=1-" + big), "1-12");
  EXPECT_EQ(parsed("bytes=" + big + "-"), "none");
  EXPECT_EQ(parsed("bytes=-" + big), "all");
  EXPECT_EQ(parsed("bytes=1-18446744073709551615"), "1-12");
  EXPECT_EQ(parsed("bytes=18446744073709551614-", UINT64_MAX),
            "18446744073709551614-18446744073709551614");
}

TEST(StrongTag, is_found_in_a_list) {
  EXPECT_TRUE(has_strong_tag("\"a\"", "\"a\""));
  EXPECT_TRUE(has_strong_tag("\"b\" , \"a\"", "\"a\""));
  EXPECT_TRUE(has_strong_tag("W/\"a\", \"a\"", "\"a\""));
  EXPECT_TRUE(has_strong_tag(" * ", "\"a\""));
  EXPECT_FALSE(has_strong_tag("W/\"a\"", "\"a\""));
  EXPECT_FALSE(has_strong_tag("\"a\"", "W/\"a\""));
  EXPECT_FALSE(has_strong_tag("\"ab\"", "\"a\""));
  EXPECT_FALSE(has_strong_tag("a", "\"a\""));
  EXPECT_FALSE(has_strong_tag("\"a", "\"a\""));
  EXPECT_FALSE(has_strong_tag("", "\"a\""));
  EXPECT_FALSE(has_strong_tag("\"*\"", "\"a\""));
}

}  // namespace
}  // namespace tornado::http
