#include "http/message/cookies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <tornado/httputil.h>

#include <string>

#include "growth.h"

namespace tornado::httputil {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

// HU-14
TEST(Cookies, pairs) {
  EXPECT_THAT(parse_cookie("a=1; b = 2 ;c=3"),
              ElementsAre(Pair("a", "1"), Pair("b", "2"), Pair("c", "3")));
  EXPECT_THAT(parse_cookie("a=b=c; d=\"e=f\""), ElementsAre(Pair("a", "b=c"), Pair("d", "e=f")));
  EXPECT_THAT(parse_cookie("a=1; a=2"), ElementsAre(Pair("a", "2")));
  EXPECT_THAT(parse_cookie("  =  b  ; ;  =  ;   ; c  =  ;  "),
              ElementsAre(Pair("", "b"), Pair("c", "")));
  EXPECT_THAT(parse_cookie("chips"), ElementsAre(Pair("", "chips")));
  EXPECT_THAT(parse_cookie(""), IsEmpty());
}

// HU-14
TEST(Cookies, quotes) {
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

TEST(Cookies, what_a_request_shows) {
  const HTTPServerRequest request(
      {"GET", "/", "HTTP/1.1"},
      {{"Cookie", R"(a=1; b="x\"y"; c; =d; e=f=g; $V=1; bad key=z; a=2)"}});
  EXPECT_THAT(request.cookies(),
              ElementsAre(Pair("$V", "1"), Pair("a", "2"), Pair("b", "x\"y"), Pair("e", "f=g")));
}

TEST(Cookies, of_several_lines) {
  const HTTPServerRequest request({"GET", "/", "HTTP/1.1"},
                                  {{"Cookie", "a=1; b=2"}, {"Cookie", "b=3"}});
  EXPECT_THAT(request.cookies(), ElementsAre(Pair("a", "1"), Pair("b", "3")));
}

// Python's http.cookies reserves these names for attributes.
TEST(Cookies, the_names_of_attributes_are_no_names) {
  const HTTPServerRequest request({"GET", "/", "HTTP/1.1"},
                                  {{"Cookie", "Path=/; a=1; EXPIRES=x; samesite=y; Pathos=2"}});
  EXPECT_THAT(request.cookies(), ElementsAre(Pair("Pathos", "2"), Pair("a", "1")));
}

TEST(Cookies, a_value_is_quoted_where_it_has_to_be) {
  EXPECT_EQ(http::quote_cookie("azAZ09!#$%&'*+-.^_`|~:"), "azAZ09!#$%&'*+-.^_`|~:");
  EXPECT_EQ(http::quote_cookie(""), "\"\"");
  EXPECT_EQ(http::quote_cookie("a="), "\"a=\"");
  EXPECT_EQ(http::quote_cookie(" ()/<=>?@[]{}"), "\" ()/<=>?@[]{}\"");
  EXPECT_EQ(http::quote_cookie("\"\\"), R"("\"\\")");
  EXPECT_EQ(http::quote_cookie(",;\x7f\n\xc3\xa4"), R"("\054\073\177\012\303\244")");
}

TEST(Cookies, unquoting_gives_back_every_value) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    const std::string one(1, static_cast<char>(i));
    bytes += one;
    for (const std::string& value : {one, "a" + one, one + "7", "\\" + one, one + "\\"}) {
      EXPECT_EQ(http::unquote_cookie(http::quote_cookie(value)), value) << i;
    }
  }
  EXPECT_EQ(http::unquote_cookie(http::quote_cookie(bytes)), bytes);
}

TEST(Cookies, the_attributes_in_their_order) {
  http::CookieAttributes all;
  all.domain = "x.com";
  all.expires = 1795301745;
  all.httponly = true;
  all.max_age = 10;
  all.path = "/p";
  all.samesite = "Lax";
  all.secure = true;
  EXPECT_EQ(http::format_set_cookie("c", "d+e", all),
            "c=d+e; Domain=x.com; expires=Sat, 21 Nov 2026 22:55:45 GMT; HttpOnly; Max-Age=10; "
            "Path=/p; SameSite=Lax; Secure");
  EXPECT_EQ(http::format_set_cookie("c", "", {}), "c=\"\"");
}

// CVE-2026-35536: no text can add an attribute or a line.
TEST(Cookies, what_would_end_a_part_early_is_a_fault) {
  EXPECT_EQ(http::cookie_fault("a", "b", {}), nullptr);
  for (int i = 0; i < 256; ++i) {
    const std::string text = "x" + std::string(1, static_cast<char>(i)) + "y";
    const bool ends_value = i <= 0x20 || i == 0x7f;
    const bool ends_attribute = ends_value || i == ';';
    http::CookieAttributes attributes;
    attributes.domain = text;
    EXPECT_EQ(http::cookie_fault("a", "b", attributes) != nullptr, ends_attribute) << i;
    attributes = {};
    attributes.path = text;
    EXPECT_EQ(http::cookie_fault("a", "b", attributes) != nullptr, ends_attribute) << i;
    attributes = {};
    attributes.samesite = text;
    EXPECT_EQ(http::cookie_fault("a", "b", attributes) != nullptr, ends_attribute) << i;
    EXPECT_EQ(http::cookie_fault("a", text, {}) != nullptr, ends_value) << i;
    EXPECT_EQ(http::cookie_fault(text, "b", {}) != nullptr, !http::is_legal_cookie_name(text)) << i;
  }
  for (const char* name : {"", "a b", "a=b", "a;b", "a\r\nb", "\xc3\xa4", "path", "Max-Age"}) {
    EXPECT_NE(http::cookie_fault(name, "b", {}), nullptr) << name;
  }
}

// CVE-2024-52804: backslashes, semicolons and names each have a constant cost.
TEST(Cookies, parsing_is_linear) {
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
