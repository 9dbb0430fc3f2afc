#include "http/cookies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <tornado/httputil.h>

#include "growth.h"

namespace tornado::httputil {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(Cookies, HU14_pairs) {
  EXPECT_THAT(parse_cookie("a=1; b = 2 ;c=3"),
              ElementsAre(Pair("a", "1"), Pair("b", "2"), Pair("c", "3")));
  EXPECT_THAT(parse_cookie("a=b=c; d=\"e=f\""), ElementsAre(Pair("a", "b=c"), Pair("d", "e=f")));
  EXPECT_THAT(parse_cookie("a=1; a=2"), ElementsAre(Pair("a", "2")));
  EXPECT_THAT(parse_cookie("  =  b  ; ;  =  ;   ; c  =  ;  "),
              ElementsAre(Pair("", "b"), Pair("c", "")));
  EXPECT_THAT(parse_cookie("chips"), ElementsAre(Pair("", "chips")));
  EXPECT_THAT(parse_cookie(""), IsEmpty());
}

TEST(Cookies, HU14_quotes) {
  EXPECT_EQ("plain", http::unquote_cookie("plain"));
  EXPECT_EQ("", http::unquote_cookie("\"\""));
  EXPECT_EQ("\"", http::unquote_cookie("\""));
  EXPECT_EQ("a\"b", http::unquote_cookie(R"("a\"b")"));
  EXPECT_EQ("a\\b", http::unquote_cookie(R"("a\\b")"));
  EXPECT_EQ("a;b,c", http::unquote_cookie(R"("a\073b\054c")"));
  EXPECT_EQ("\xC3\xA9", http::unquote_cookie(R"("\303\251")"));
  EXPECT_EQ("777", http::unquote_cookie(R"("\777")"));
  EXPECT_EQ("18", http::unquote_cookie(R"("\18")"));
  EXPECT_EQ("a\\", http::unquote_cookie("\"a\\\""));
  EXPECT_EQ("a\"b\"", http::unquote_cookie("a\"b\""));
}

// The row of behaviour.md.
TEST(Cookies, B2_5_what_a_request_shows) {
  const HTTPServerRequest request(
      {"GET", "/", "HTTP/1.1"},
      {{"Cookie", R"(a=1; b="x\"y"; c; =d; e=f=g; $V=1; bad key=z; a=2)"}});
  EXPECT_THAT(request.cookies(),
              ElementsAre(Pair("$V", "1"), Pair("a", "2"), Pair("b", "x\"y"), Pair("e", "f=g")));
}

TEST(Cookies, B2_5_several_lines) {
  const HTTPServerRequest request({"GET", "/", "HTTP/1.1"},
                                  {{"Cookie", "a=1; b=2"}, {"Cookie", "b=3"}});
  EXPECT_THAT(request.cookies(), ElementsAre(Pair("a", "1"), Pair("b", "3")));
}

// CVE-2024-52804: backslashes, semicolons and names cost the same each.
TEST(Cookies, CVE_2024_52804_linear) {
  for (const char* part : {"\\", "\\0", "\\12", "\"", ";", "a=\"\\;"}) {
    const auto make = [part](std::size_t count) {
      std::string text = "a=\"";
      for (std::size_t i = 0; i < count; ++i) text += part;
      return text + "\"";
    };
    EXPECT_LT(test::growth(make, parse_cookie, 5000), test::kLinearGrowth) << part;
  }
}

}  // namespace
}  // namespace tornado::httputil
