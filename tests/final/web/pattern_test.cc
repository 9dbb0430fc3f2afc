#include "web/pattern.h"

#include <gtest/gtest.h>

namespace tornado::web::detail {
namespace {

std::vector<std::string_view> matched(const Pattern& pattern, std::string_view path) {
  std::vector<std::string_view> captures;
  EXPECT_TRUE(pattern.match(path, captures)) << path;
  return captures;
}

bool refuses(const Pattern& pattern, std::string_view path) {
  std::vector<std::string_view> captures;
  return !pattern.match(path, captures);
}

TEST(Pattern, plain_text_is_compared_and_never_compiled) {
  const Pattern pattern("/a/b");
  EXPECT_EQ(pattern.literal(), "/a/b");
  EXPECT_TRUE(matched(pattern, "/a/b").empty());
  EXPECT_TRUE(refuses(pattern, "/a/b/"));
  EXPECT_TRUE(refuses(pattern, "/a"));
}

TEST(Pattern, an_escaped_dot_and_a_final_dollar_are_plain_text) {
  EXPECT_EQ(Pattern("/robots\\.txt$").literal(), "/robots.txt");
}

TEST(Pattern, RT02_matches_the_whole_path) {
  const Pattern pattern("/story/([0-9]+)");
  EXPECT_EQ(matched(pattern, "/story/17"), std::vector<std::string_view>{"17"});
  EXPECT_TRUE(refuses(pattern, "/story/17x"));
  EXPECT_TRUE(refuses(pattern, "x/story/17"));
  EXPECT_TRUE(refuses(pattern, "/story/"));
}

TEST(Pattern, WA03_a_group_that_took_no_part_has_no_data) {
  const Pattern pattern("/a(/b)?");
  EXPECT_EQ(matched(pattern, "/a")[0].data(), nullptr);
  EXPECT_EQ(matched(pattern, "/a/b")[0], "/b");
}

TEST(Pattern, RT06_named_groups_as_Python_writes_them) {
  EXPECT_EQ(matched(Pattern("/u/(?P<name>[a-z]+)"), "/u/ann")[0], "ann");
}

TEST(Pattern, an_alternative_has_no_common_beginning) {
  const Pattern pattern("/a|/b");
  EXPECT_FALSE(refuses(pattern, "/a"));
  EXPECT_FALSE(refuses(pattern, "/b"));
}

TEST(Pattern, a_quantifier_belongs_to_the_character_before_it) {
  const Pattern pattern("/abc?");
  EXPECT_FALSE(refuses(pattern, "/ab"));
  EXPECT_FALSE(refuses(pattern, "/abc"));
}

TEST(Pattern, bytes_above_127_match_as_bytes) {
  EXPECT_EQ(matched(Pattern("/(.*)"), "/\xff\xfe")[0], "\xff\xfe");
}

TEST(Pattern, an_invalid_expression_says_why) {
  try {
    const Pattern pattern("/a(");
    FAIL() << "accepted";
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("/a("), std::string::npos) << error.what();
  }
}

TEST(Pattern, RT04_reverse_puts_escaped_arguments_in_place_of_groups) {
  EXPECT_EQ(Pattern("/story/([0-9]+)/(.*)").reverse({"1", "a b/c"}), "/story/1/a%20b/c");
  EXPECT_EQ(Pattern("/robots\\.txt").reverse({}), "/robots.txt");
  EXPECT_THROW(Pattern("/story/([0-9]+)").reverse({}), std::invalid_argument);
}

TEST(Pattern, RT04_what_is_too_complex_cannot_be_reversed) {
  EXPECT_THROW(Pattern("/a((b)c)").reverse({"x", "y"}), std::invalid_argument);
  EXPECT_THROW(Pattern("/a.c").reverse({}), std::invalid_argument);
  EXPECT_THROW(Pattern("/(a)?").reverse({"a"}), std::invalid_argument);
}

}  // namespace
}  // namespace tornado::web::detail
