#include "06-request-handler/escape.h"

#include <gtest/gtest.h>

#include <string>

namespace mini {
namespace {

TEST(Escape, url_unescape) {
  EXPECT_EQ(url_unescape("a%20b%2Fc%2fd", false), "a b/c/d");
  EXPECT_EQ(url_unescape("a+b", true), "a b");
  EXPECT_EQ(url_unescape("a+b", false), "a+b");
  EXPECT_EQ(url_unescape("%", false), "%");
  EXPECT_EQ(url_unescape("100%x1 %4", false), "100%x1 %4");
  EXPECT_EQ(url_unescape("%-1%+1% 1", false), "%-1%+1% 1");
}

TEST(Escape, url_escape_and_back) {
  EXPECT_EQ(url_escape("a b/ü~"), "a%20b%2F%C3%BC~");
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  EXPECT_EQ(url_unescape(url_escape(all), true), all);
}

TEST(Escape, xhtml_escape) {
  EXPECT_EQ(xhtml_escape("<a href=\"b\">'&'</a>"),
            "&lt;a href=&quot;b&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
}

TEST(Escape, parse_query) {
  const Arguments arguments = parse_query("a=1&&b=two+words&a=%26&c&=d&e=f=g");
  const Arguments expected = {{"a", "1"}, {"b", "two words"}, {"a", "&"},
                              {"c", ""},  {"", "d"},          {"e", "f=g"}};
  EXPECT_EQ(arguments, expected);
  EXPECT_TRUE(parse_query("").empty());
}

}  // namespace
}  // namespace mini
