#include "05-http/headers.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "05-http/status.h"

namespace mini {
namespace {

TEST(HTTPHeaders, ignores_the_case_of_names) {
  const HTTPHeaders headers{{"Content-Type", "text/html"}};
  EXPECT_EQ(headers.get("content-TYPE"), "text/html");
  EXPECT_EQ(headers.get("Content-Typ"), std::nullopt);
}

TEST(HTTPHeaders, keeps_fields_of_one_name_apart_and_joins_them_when_asked) {
  HTTPHeaders headers;
  headers.add("Accept", "a");
  headers.add("Host", "h");
  headers.add("accept", "b");
  EXPECT_EQ(headers.get("Accept"), "a, b");
  EXPECT_EQ(headers.get_list("Accept").size(), 2u);
  headers.set("ACCEPT", "c");
  EXPECT_EQ(headers.get("Accept"), "c");
  headers.remove("accept");
  EXPECT_EQ(headers.get("Accept"), std::nullopt);
  EXPECT_EQ(headers.get("Host"), "h");
}

TEST(HTTPHeaders, finds_a_token_in_a_list) {
  const HTTPHeaders headers{{"Connection", "foo ,\tClose"}, {"Connection", "bar"}};
  EXPECT_TRUE(headers.has_token("connection", "close"));
  EXPECT_TRUE(headers.has_token("connection", "BAR"));
  EXPECT_FALSE(headers.has_token("connection", "clos"));
}

TEST(HTTPHeaders, rejects_a_value_that_would_start_another_line) {
  HTTPHeaders headers;
  EXPECT_THROW(headers.add("Location", "/\r\nSet-Cookie: a=b"), std::invalid_argument);
  EXPECT_THROW(headers.add("Location", std::string("a\0b", 3)), std::invalid_argument);
  EXPECT_THROW(headers.add("Two words", "a"), std::invalid_argument);
  EXPECT_THROW(headers.add("", "a"), std::invalid_argument);
  headers.add("Tab", "a\tb");
  EXPECT_EQ(headers.get("Tab"), "a\tb");
}

TEST(HTTPHeaders, parses_lines) {
  HTTPHeaders headers;
  EXPECT_TRUE(headers.parse("A: b\r\nC:d"));
  EXPECT_TRUE(headers.parse(""));
  EXPECT_EQ(headers.get("a"), "b");
  EXPECT_EQ(headers.get("c"), "d");
  EXPECT_FALSE(headers.parse("A: b\r\n\r\n"));
  EXPECT_FALSE(headers.parse_line(" A: b"));
  EXPECT_FALSE(headers.parse_line("A : b"));
}

TEST(Status, phrases_and_dates) {
  EXPECT_STREQ(reason_phrase(404), "Not Found");
  EXPECT_STREQ(reason_phrase(799), "Unknown");
  EXPECT_EQ(http_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");  // RFC 9110's own example
}

}  // namespace
}  // namespace mini
