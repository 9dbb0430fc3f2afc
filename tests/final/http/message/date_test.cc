#include "http/message/date.h"

#include <gtest/gtest.h>
#include <tornado/httputil.h>

#include <ctime>
#include <string>

namespace tornado::http {
namespace {

constexpr std::int64_t kNow = 1'795'219'200;  // 21 November 2026

// HU-13
TEST(Date, format_timestamp) {
  EXPECT_EQ("Sun, 27 Jan 2013 18:43:20 GMT", httputil::format_timestamp(1359312200));
  EXPECT_EQ("Thu, 01 Jan 1970 00:00:00 GMT", httputil::format_timestamp(0));
  EXPECT_EQ("Wed, 31 Dec 1969 23:59:59 GMT", httputil::format_timestamp(-1));
}

// HU-13
TEST(Date, range_of_years) {
  EXPECT_EQ("Sat, 01 Jan 0000 00:00:00 GMT", httputil::format_timestamp(-62167219200));
  EXPECT_EQ("Fri, 31 Dec 9999 23:59:59 GMT", httputil::format_timestamp(253402300799));
  EXPECT_THROW(httputil::format_timestamp(-62167219201), std::invalid_argument);
  EXPECT_THROW(httputil::format_timestamp(253402300800), std::invalid_argument);
}

// The C library is the reference: a date every 30 hours or so, over eight centuries.
// HU-13
TEST(Date, agrees_with_strftime) {
  for (std::int64_t t = -9'000'000'000; t < 16'000'000'000; t += 108'013) {
    const std::time_t time = t;
    std::tm parts{};
    gmtime_r(&time, &parts);
    char expected[64];
    std::strftime(expected, sizeof expected, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    const std::string text = httputil::format_timestamp(t);
    ASSERT_EQ(expected, text);
    ASSERT_EQ(t, parse_date(text, kNow));
  }
}

// RFC 9110 5.6.7: the same moment in the three forms.
TEST(Date, parse_three_forms) {
  EXPECT_EQ(784111777, parse_date("Sun, 06 Nov 1994 08:49:37 GMT", kNow));
  EXPECT_EQ(784111777, parse_date("Sunday, 06-Nov-94 08:49:37 GMT", kNow));
  EXPECT_EQ(784111777, parse_date("Sun Nov  6 08:49:37 1994", kNow));
}

TEST(Date, parse_two_digit_years_within_50_years_ahead) {
  EXPECT_EQ("Wed, 06 Nov 2075 08:49:37 GMT",
            httputil::format_timestamp(parse_date("Sunday, 06-Nov-75 08:49:37 GMT", kNow).value()));
  EXPECT_EQ("Fri, 06 Nov 2076 08:49:37 GMT",
            httputil::format_timestamp(parse_date("Sunday, 06-Nov-76 08:49:37 GMT", kNow).value()));
  EXPECT_EQ("Sun, 06 Nov 1977 08:49:37 GMT",
            httputil::format_timestamp(parse_date("Sunday, 06-Nov-77 08:49:37 GMT", kNow).value()));
}

TEST(Date, parse_refuses) {
  for (const char* text : {"", "x", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC",
                           "Sun, 6 Nov 1994 08:49:37 GMT", "Xxx, 06 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Xxx 1994 08:49:37 GMT", "Sun, 31 Nov 1994 08:49:37 GMT",
                           "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
                           "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT",
                           "Sunday, 06-Nov-1994 08:49:37 GMT", "Sunday 06-Nov-94 08:49:37 GMT",
                           "Someday, 06-Nov-94 08:49:37 GMT", "Sun Nov 06 08:49:37 94",
                           "Mon, 29 Feb 2100 00:00:00 GMT"}) {
    EXPECT_EQ(std::nullopt, parse_date(text, kNow)) << text;
  }
}

TEST(Date, cache_follows_the_clock) {
  DateCache cache;
  EXPECT_EQ("Thu, 01 Jan 1970 00:00:00 GMT", cache.get(0));
  EXPECT_EQ("Thu, 01 Jan 1970 00:00:00 GMT", cache.get(0));
  EXPECT_EQ("Thu, 01 Jan 1970 00:00:01 GMT", cache.get(1));
  EXPECT_EQ("Thu, 01 Jan 1970 00:00:00 GMT", cache.get(0));
}

}  // namespace
}  // namespace tornado::http
