#include <tornado/escape.h>

#include <ctime>

#include "../vectors.h"
#include "base/text/unicode.h"

namespace tornado::escape {
namespace {

using tornado::testing::bytes_of;
using tornado::testing::vectors_for;

// ES-01
TEST(Escape, xhtml_escape_as_python) {
  EXPECT_EQ(xhtml_escape("<a href=\"x\">'&'</a>"),
            "&lt;a href=&quot;x&quot;&gt;&#x27;&amp;&#x27;&lt;/a&gt;");
  for (const json& v : vectors_for("xhtml_escape")) {
    EXPECT_EQ(xhtml_escape(bytes_of(v["in"])), bytes_of(v["out"])) << v;
  }
}

// ES-02
TEST(Escape, xhtml_unescape_as_python_all_names) {
  for (const json& v : vectors_for("xhtml_unescape")) {
    EXPECT_EQ(xhtml_unescape(bytes_of(v["in"])), bytes_of(v["out"])) << v;
  }
}

// ES-02
TEST(Escape, xhtml_unescape_undoes_xhtml_escape) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
  EXPECT_EQ(xhtml_unescape(xhtml_escape(all)), all);
}

// ES-05
TEST(Escape, url_escape_as_python) {
  for (const json& v : vectors_for("url_escape")) {
    EXPECT_EQ(url_escape(bytes_of(v["in"]), v["plus"]), bytes_of(v["out"])) << v;
  }
}

// ES-05
TEST(Escape, url_unescape_as_python) {
  for (const json& v : vectors_for("url_unescape")) {
    EXPECT_EQ(url_unescape(bytes_of(v["in"]), v["plus"]), bytes_of(v["out"])) << v;
  }
}

// ES-05
TEST(Escape, plus_is_the_default) {
  EXPECT_EQ(url_escape("a b/c"), "a+b%2Fc");
  EXPECT_EQ(url_escape("a b/c", false), "a%20b/c");
  EXPECT_EQ(url_unescape("a+b"), "a b");
  EXPECT_EQ(url_unescape("a+b", false), "a+b");
}

// ES-06
TEST(Escape, squeeze_as_python) {
  for (const json& v : vectors_for("squeeze")) {
    EXPECT_EQ(squeeze(bytes_of(v["in"])), bytes_of(v["out"])) << v;
  }
}

// ES-07
TEST(Escape, linkify_as_python) {
  for (const json& v : vectors_for("linkify")) {
    LinkifyOptions options;
    options.shorten = v.value("shorten", false);
    options.extra_params = v.value("extra_params", "");
    options.require_protocol = v.value("require_protocol", false);
    if (v.contains("permitted_protocols"))
      v["permitted_protocols"].get_to(options.permitted_protocols);
    EXPECT_EQ(linkify(bytes_of(v["in"]), options), bytes_of(v["out"])) << v;
  }
}

// ES-07
TEST(Escape, linkify_asks_a_function_for_each_link) {
  LinkifyOptions options;
  options.extra_params = "unused";
  options.extra_params_of = [](std::string_view url) {
    return url.ends_with("2") ? " class=\"" + std::string(url) + "\" " : std::string();
  };
  EXPECT_EQ(linkify("http://a.b?1&2 www.c.d http://e.f&javascript:1", options),
            "<a href=\"http://a.b?1&amp;2\" class=\"http://a.b?1&amp;2\">http://a.b?1&amp;2</a> "
            "<a href=\"http://www.c.d\" >www.c.d</a> "
            "<a href=\"http://e.f&amp;javascript:1\" >http://e.f&amp;javascript:1</a>");
}

// ES-07
TEST(Escape, linkify_takes_ascii_protocols_and_any_bytes) {
  EXPECT_EQ(linkify("\xc3\xa9http://a.b"), "\xc3\xa9<a href=\"http://a.b\">http://a.b</a>");
  EXPECT_EQ(linkify("http://a\xff\xc3"), "<a href=\"http://a\xff\xc3\">http://a\xff\xc3</a>");
}

// Returns how many seconds of processor time linkify() takes: other programs do not count.

double seconds_of(const std::string& text) {
  const std::clock_t start = std::clock();
  EXPECT_GE(linkify(text).size(), text.size());
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

// ES-07
TEST(Escape, linkify_is_linear_on_hostile_text) {
  for (const char* piece :
       {"a-", "www.", "http://(", "&amp;", "(", "http:///", "......", "http://a(((", "www-"}) {
    std::string text;
    while (text.size() < 300'000) text += piece;
    EXPECT_LT(seconds_of(text), 5.0) << piece;  // quadratic: 10^11 steps
  }
}

// ES-08
TEST(Escape, is_valid_utf8_as_python) {
  for (const json& v : vectors_for("is_valid_utf8")) {
    EXPECT_EQ(is_valid_utf8(bytes_of(v["in"])), v["out"].get<bool>()) << v;
  }
}

// ES-08
TEST(Escape, every_code_point_is_written_and_read_back) {
  for (std::uint32_t c = 0; c < 0x110000; ++c) {
    std::string text;
    append_utf8(text, c);
    const bool surrogate = c >= 0xD800 && c <= 0xDFFF;
    const CodePoint back = decode_utf8(text);
    ASSERT_EQ(is_valid_utf8(text), !surrogate) << c;
    if (!surrogate) {
      ASSERT_EQ(back.value, c);
      ASSERT_EQ(back.length, text.size());
    }
  }
}

// ES-08
TEST(Escape, strip_unicode_trims_what_python_trims) {
  EXPECT_EQ(strip_unicode("\x1c\t a b\xc2\xa0\xe3\x80\x80\xe2\x80\xa8"), "a b");
  EXPECT_EQ(strip_unicode(" \x85\xa0 "), "\x85\xa0");         // single bytes are not characters
  EXPECT_EQ(strip_unicode("\xe2\x80\x8b "), "\xe2\x80\x8b");  // zero width space is not whitespace
  EXPECT_EQ(strip_unicode(" \t\n"), "");
}

// ES-08
TEST(Escape, parse_qs_bytes_as_python) {
  for (const json& v : vectors_for("parse_qs_bytes")) {
    std::vector<std::pair<std::string, std::string>> expected;
    for (const json& pair : v["out"]) expected.emplace_back(bytes_of(pair[0]), bytes_of(pair[1]));
    EXPECT_EQ(parse_qs_bytes(bytes_of(v["in"])), expected) << v;
  }
}

}  // namespace
}  // namespace tornado::escape
