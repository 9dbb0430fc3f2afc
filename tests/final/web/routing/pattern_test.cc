#include "web/routing/pattern.h"

#include <gtest/gtest.h>
#include <re2/re2.h>

#include <array>
#include <random>
#include <string>
#include <vector>

namespace tornado::routing::detail {
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

bool is_simple(const char* pattern) {
  return Pattern(pattern).tokens().has_value();
}

TEST(Pattern, plain_text_is_compared_and_never_compiled) {
  const Pattern pattern("/a/b");
  EXPECT_TRUE(pattern.tokens().has_value());
  EXPECT_TRUE(matched(pattern, "/a/b").empty());
  EXPECT_TRUE(refuses(pattern, "/a/b/"));
  EXPECT_TRUE(refuses(pattern, "/a"));
}

TEST(Pattern, an_escaped_dot_and_the_anchors_are_plain_text) {
  const Pattern pattern("^/robots\\.txt$");
  EXPECT_EQ(pattern.prefix(), "/robots.txt");
  EXPECT_TRUE(matched(pattern, "/robots.txt").empty());
  EXPECT_TRUE(refuses(pattern, "/robotsxtxt"));
}

TEST(Pattern, only_alternatives_outside_of_groups_leave_it_without_a_beginning) {
  for (const char* pattern : {"/a/(b|c)", "/a/b(?:(b|c)|d)", "/a/[|]b?", "/a/[])|]x?",
                              "/a/[[:alpha:])|]", "/a/(\\)|b)", "/a/[^]|]+"}) {
    EXPECT_EQ(Pattern(pattern).prefix(), "/a/") << pattern;
  }
  for (const char* pattern :
       {"/a/|/b/", "/a/(b)|c", "/a/[(]|c", "/a/[[:alpha:](]|c", "/a/\\(|c", "/a/\\Q(\\E|c"}) {
    EXPECT_EQ(Pattern(pattern).prefix(), "") << pattern;
  }
}

TEST(Pattern, captures_of_one_set_need_no_engine) {
  for (const char* pattern : {"/([0-9]+)", "/(\\d+)/x", "/(\\w{2,5})-(.*)", "/([^/]*)/([a-z_.-]+)",
                              "/(?P<id>[0-9]{4})", "/(.)", "([^/]*)"}) {
    EXPECT_TRUE(is_simple(pattern)) << pattern;
  }
  // Matching would have to find out which byte belongs to which part.
  for (const char* pattern : {"/([a-z]+)x", "/(.*)/x", "/([0-9]+)(\\d)", "/(a|b)", "/(a)?", "/a?",
                              "/([0-9]+?)", "/(?i:a)", "/([[:alpha:]]+)", "/(\\s+)"}) {
    EXPECT_FALSE(is_simple(pattern)) << pattern;
  }
}

TEST(Pattern, a_capture_takes_as_many_bytes_as_it_says) {
  const Pattern pattern("/([0-9]{2,3})/([a-z]*)");
  EXPECT_EQ(matched(pattern, "/123/"), (std::vector<std::string_view>{"123", ""}));
  EXPECT_TRUE(refuses(pattern, "/1/x"));
  EXPECT_TRUE(refuses(pattern, "/1234/x"));
  EXPECT_TRUE(refuses(pattern, "/12/x/"));
}

// RT-02
TEST(Pattern, matches_the_whole_path) {
  const Pattern pattern("/story/([0-9]+)");
  EXPECT_EQ(matched(pattern, "/story/17"), std::vector<std::string_view>{"17"});
  EXPECT_TRUE(refuses(pattern, "/story/17x"));
  EXPECT_TRUE(refuses(pattern, "x/story/17"));
  EXPECT_TRUE(refuses(pattern, "/story/"));
}

// WA-03
TEST(Pattern, a_group_that_took_no_part_has_no_data) {
  const Pattern pattern("/a(/b)?");
  EXPECT_EQ(matched(pattern, "/a")[0].data(), nullptr);
  EXPECT_EQ(matched(pattern, "/a/b")[0], "/b");
}

// RT-06
TEST(Pattern, named_groups_as_Python_writes_them) {
  const Pattern pattern("/u/(?P<name>[a-z]+)/(?P<page>a|b)");
  EXPECT_EQ(matched(pattern, "/u/ann/a"), (std::vector<std::string_view>{"ann", "a"}));
  EXPECT_EQ(pattern.group_names(), (std::vector<std::string>{"name", "page"}));
  EXPECT_EQ(Pattern("/u/(?P<name>[a-z]+)").group_names(), std::vector<std::string>{"name"});
  EXPECT_TRUE(Pattern("/u/([a-z]+)").group_names().empty());
  EXPECT_THROW(Pattern("/(?P<a>[a-z]+)/([0-9]+)"), std::invalid_argument);
  EXPECT_THROW(Pattern("/(?P<a>[a-z]+)/(?P<a>[0-9]+)"), std::invalid_argument);
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

// RT-04
TEST(Pattern, reverse_puts_escaped_arguments_in_place_of_groups) {
  EXPECT_EQ(Pattern("/story/([0-9]+)/(.*)").reverse({"1", "a b/c"}), "/story/1/a%20b/c");
  EXPECT_EQ(Pattern("/robots\\.txt").reverse({}), "/robots.txt");
  EXPECT_THROW(Pattern("/story/([0-9]+)").reverse({}), std::invalid_argument);
}

// RT-04
TEST(Pattern, what_is_too_complex_cannot_be_reversed) {
  EXPECT_THROW(Pattern("/a((b)c)").reverse({"x", "y"}), std::invalid_argument);
  EXPECT_THROW(Pattern("/a.c").reverse({}), std::invalid_argument);
  EXPECT_THROW(Pattern("/(a)?").reverse({"a"}), std::invalid_argument);
}

// Generated patterns and paths: a beginning is found only where each match begins with it.
TEST(Pattern, matches_as_RE2_does) {
  std::mt19937 random(20261125);
  const auto pick = [&random](const auto& list) {
    return list[std::uniform_int_distribution<std::size_t>(0, std::size(list) - 1)(random)];
  };
  constexpr std::array pieces = {"/",   "a",   "b",         "(",   ")",   "|", "[",
                                 "]",   "[^",  "[:alpha:]", ":",   "?",   "+", "\\(",
                                 "\\|", "\\[", "\\Q",       "\\E", "(?i)"};
  constexpr std::array letters = {"/", "a", "b", "A", "(", "|", "[", "]", ":", ""};
  int with_beginning = 0;
  int matches = 0;
  for (int i = 0; i < 100'000; ++i) {
    std::string text = "/a";
    for (int n = 0; n < 5; ++n) text += pick(pieces);
    re2::RE2::Options options;
    options.set_encoding(re2::RE2::Options::EncodingLatin1);
    options.set_log_errors(false);
    const re2::RE2 engine(text, options);
    if (!engine.ok()) continue;
    const Pattern pattern(text);
    with_beginning += pattern.prefix().empty() ? 0 : 1;
    for (int n = 0; n < 10; ++n) {
      std::string path = n % 4 > 0 ? "/a" : "";
      for (int k = 0; k < 2; ++k) path += pick(letters);
      const bool wanted = re2::RE2::FullMatch(path, engine);
      matches += wanted ? 1 : 0;
      std::vector<std::string_view> captures;
      ASSERT_EQ(pattern.match(path, captures), wanted) << text << " " << path;
    }
  }
  EXPECT_GT(with_beginning, 1000);
  EXPECT_GT(matches, 1000);
}

// The same for those that need no engine, and for their captures.
TEST(Pattern, simple_patterns_match_as_RE2_does) {
  std::mt19937 random(20261121);
  const auto pick = [&random](const auto& list) {
    return list[std::uniform_int_distribution<std::size_t>(0, std::size(list) - 1)(random)];
  };
  constexpr std::array sets = {"[^/]", "\\d", "[0-9]", "\\w", ".", "[a-c]", "[^a]", "[a\\-1]"};
  constexpr std::array quantifiers = {"+", "*", "", "{2}", "{1,2}", "{1,}"};
  constexpr std::array texts = {"/", "a", "/b", "1", "-", "\\.", ""};
  constexpr std::array pieces = {"/", "a", "b", "1", "-", ".", "", "11", "\n", "\xff"};
  int simple = 0;
  int matches = 0;
  for (int i = 0; i < 20000; ++i) {
    const std::array around = {pick(texts), pick(texts), pick(texts)};
    std::string text = around[0];
    for (std::size_t n = 1; n < 3; ++n) {
      text += std::string("(") + pick(sets) + pick(quantifiers) + ")" + around[n];
    }
    const Pattern pattern(text);
    if (!pattern.tokens()) continue;
    ++simple;
    re2::RE2::Options options;
    options.set_encoding(re2::RE2::Options::EncodingLatin1);
    const re2::RE2 engine(text, options);
    for (int n = 0; n < 10; ++n) {
      std::string path = around[0];
      for (std::size_t k = 1; k < 3; ++k)
        path += pick(pieces) + std::string(pick(pieces)) + around[k];
      std::erase(path, '\\');
      re2::StringPiece first;
      re2::StringPiece second;
      const bool wanted = re2::RE2::FullMatch(path, engine, &first, &second);
      std::vector<std::string_view> captures;
      ASSERT_EQ(pattern.match(path, captures), wanted) << text << " " << path;
      if (!wanted) continue;
      ++matches;
      ASSERT_EQ(captures[0], std::string_view(first.data(), first.size())) << text << " " << path;
      ASSERT_EQ(captures[1], std::string_view(second.data(), second.size())) << text << " " << path;
    }
  }
  EXPECT_GT(simple, 1000);
  EXPECT_GT(matches, 1000);
}

}  // namespace
}  // namespace tornado::routing::detail
