#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <tornado/httputil.h>

#include <string>
#include <type_traits>

#include "growth.h"

namespace tornado::httputil {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

// HU-01
TEST(Headers, lookup_ignores_case) {
  HTTPHeaders headers;
  headers.add("content-TYPE", "text/html");
  EXPECT_EQ("text/html", headers["Content-Type"]);
  EXPECT_EQ("text/html", headers["CONTENT-TYPE"]);
  EXPECT_TRUE(headers.contains("content-type"));
  EXPECT_FALSE(headers.contains("content-typ"));
}

// HU-01
TEST(Headers, names_are_stored_in_header_case) {
  const HTTPHeaders headers{
      {"www-AUTHENTICATE", "1"}, {"ETag", "2"}, {"sec-websocket-accept", "3"}};
  EXPECT_EQ("Www-Authenticate: 1\r\nEtag: 2\r\nSec-Websocket-Accept: 3\r\n", headers.wire());
  EXPECT_EQ("Www-Authenticate: 1\nEtag: 2\nSec-Websocket-Accept: 3\n", headers.str());
}

// HU-01
TEST(Headers, repeats_are_joined) {
  HTTPHeaders headers;
  headers.add("Set-Cookie", "A=B");
  headers.add("Other", "x");
  headers.add("set-cookie", "C=D");
  EXPECT_EQ("A=B,C=D", headers["Set-Cookie"]);
  EXPECT_THAT(headers.get_list("Set-Cookie"), ElementsAre("A=B", "C=D"));
  EXPECT_THAT(headers.get_list("Absent"), IsEmpty());
  EXPECT_THAT(headers.get_all(), ElementsAre(Pair("Set-Cookie", "A=B"), Pair("Other", "x"),
                                             Pair("Set-Cookie", "C=D")));
  EXPECT_EQ("A=B", headers.find("Set-Cookie"));
  EXPECT_EQ(std::nullopt, headers.find("Absent"));
  EXPECT_EQ(3u, headers.size());
}

// HU-01
TEST(Headers, a_missing_field_is_a_KeyError) {
  const HTTPHeaders headers{{"A", "b"}};
  EXPECT_THROW(headers["X"], KeyError);
  EXPECT_THROW(headers["X"], std::out_of_range);
  EXPECT_EQ("", headers.get("X"));
  EXPECT_EQ("none", headers.get("X", "none"));
  EXPECT_EQ("b", headers.get("A", "none"));
}

// headers["X"] = "y" would change a copy, so it must not compile.
TEST(Headers, assignment_to_an_element_does_not_compile) {
  using Element = decltype(std::declval<HTTPHeaders&>()["X"]);
  EXPECT_FALSE((std::is_assignable_v<Element, const char*>));
}

// HU-01
TEST(Headers, set_replaces_all_at_the_place_of_the_first) {
  HTTPHeaders headers{{"A", "1"}, {"B", "2"}, {"a", "3"}, {"C", "4"}, {"A", "5"}};
  headers.set("A", "longer than before");
  EXPECT_EQ("A: longer than before\r\nB: 2\r\nC: 4\r\n", headers.wire());
  headers.set("b", "");
  EXPECT_EQ("A: longer than before\r\nB: \r\nC: 4\r\n", headers.wire());
  headers.set("A", "x");
  headers.set("D", "new");
  EXPECT_EQ("A: x\r\nB: \r\nC: 4\r\nD: new\r\n", headers.wire());
  EXPECT_EQ("4", headers["C"]);
}

// HU-01
TEST(Headers, remove) {
  HTTPHeaders headers{{"A", "1"}, {"B", "2"}, {"A", "3"}, {"C", "4"}};
  EXPECT_EQ(2u, headers.remove("a"));
  EXPECT_EQ(0u, headers.remove("a"));
  EXPECT_EQ("B: 2\r\nC: 4\r\n", headers.wire());
  EXPECT_EQ("4", headers["C"]);
  headers.add("D", "5");
  EXPECT_EQ("B: 2\r\nC: 4\r\nD: 5\r\n", headers.wire());
  headers.clear();
  EXPECT_TRUE(headers.empty());
  EXPECT_EQ("", headers.wire());
}

// HU-01
TEST(Headers, parse) {
  const HTTPHeaders headers =
      HTTPHeaders::parse("Content-Type: text/html\r\nContent-Length: 42\nX:y\r\n\r\n");
  EXPECT_EQ("Content-Type: text/html\r\nContent-Length: 42\r\nX: y\r\n", headers.wire());
  EXPECT_TRUE(HTTPHeaders::parse("").empty());
  EXPECT_EQ("y", HTTPHeaders::parse("X: y")["X"]);
}

// HU-01
TEST(Headers, parse_line) {
  HTTPHeaders headers;
  headers.parse_line("Content-Type: text/html");
  headers.parse_line("Content-Length: 42\r\n");
  headers.parse_line(" 43\n");
  EXPECT_EQ("Content-Type: text/html\r\nContent-Length: 42 43\r\n", headers.wire());
  EXPECT_THROW(headers.parse_line("A: b\r\nC: d"), HTTPInputError);
  EXPECT_THROW(headers.parse_line("A"), HTTPInputError);
  EXPECT_THROW(headers.parse_line("A: b\rc"), HTTPInputError);
  EXPECT_EQ(2u, headers.size());
}

// HU-02
TEST(Headers, parse_throws_on_bad_lines) {
  for (const char* text :
       {"A b: c", ": c", "A", "A: \x01", " A: b", "A : b", "A: b\r", "A: b\n\nB: c"}) {
    EXPECT_THROW(HTTPHeaders::parse(text), HTTPInputError) << text;
  }
}

// HU-02
TEST(Headers, parse_lines_reports_and_keeps_what_was_good) {
  HTTPHeaders headers;
  EXPECT_STREQ("invalid header name", headers.parse_lines("A: 1\r\nB\r\nC: 2\r\n"));
  EXPECT_EQ("A: 1\r\n", headers.wire());
  EXPECT_EQ(nullptr, headers.parse_lines("C: 2\r\n"));
  EXPECT_STREQ("too many header fields", headers.parse_lines("D: 3\r\n", 2));
}

// CVE-2012-2374: no name or value from the program can begin another line.
TEST(Headers, values_cannot_hold_controls) {
  HTTPHeaders headers{{"A", "kept"}};
  for (int byte = 0; byte < 256; ++byte) {
    const bool allowed = byte == '\t' || (byte >= 0x20 && byte != 0x7F);
    const std::string value = std::string("a") + static_cast<char>(byte) + "b";
    if (allowed) {
      headers.set("X", value);
      EXPECT_EQ(value, headers["X"]);
    } else {
      EXPECT_THROW(headers.set("X", value), std::invalid_argument) << byte;
      EXPECT_THROW(headers.set("A", value), std::invalid_argument) << byte;
      EXPECT_THROW(headers.add("A", value), std::invalid_argument) << byte;
    }
  }
  EXPECT_THROW(headers.add("X", "a\r\nSet-Cookie: evil"), std::invalid_argument);
  EXPECT_EQ("kept", headers["A"]);
}

// HU-02
TEST(Headers, names_must_be_tokens) {
  HTTPHeaders headers;
  for (const char* name : {"", "a b", "a:", "a\r\nb", "a\xC3\xA9", "(", "a\t"}) {
    EXPECT_THROW(headers.add(name, "v"), std::invalid_argument) << name;
    EXPECT_THROW(headers.set(name, "v"), std::invalid_argument) << name;
  }
  EXPECT_TRUE(headers.empty());
  EXPECT_EQ("", headers.wire());
}

// HU-02
TEST(Headers, blanks_around_a_value_are_dropped) {
  HTTPHeaders headers;
  headers.add("A", " \tx y\t ");
  headers.set("B", " ");
  EXPECT_EQ("A: x y\r\nB: \r\n", headers.wire());
}

TEST(Headers, views_into_the_object_may_be_given_back_to_it) {
  HTTPHeaders headers{{"A", "a value that is long enough to move the block"}};
  for (int i = 0; i < 20; ++i) headers.add("B", *headers.find("A"));
  EXPECT_EQ(*headers.find("A"), headers.get_list("B").back());
  headers.set("C", "x");
  headers.set("C", *headers.find("A"));
  EXPECT_EQ(*headers.find("A"), headers["C"]);
  headers.set((*headers.begin()).name, "new");
  EXPECT_EQ("new", headers["A"]);
  EXPECT_EQ(1u, headers.remove((*headers.begin()).name));
  EXPECT_FALSE(headers.contains("A"));
}

TEST(Headers, copies_and_moves_are_independent) {
  HTTPHeaders original{{"A", "1"}, {"B", "2"}};
  HTTPHeaders copy = original;
  copy.set("A", "changed");
  EXPECT_EQ("1", original["A"]);
  HTTPHeaders moved = std::move(original);
  EXPECT_EQ("2", moved["B"]);
  original = HTTPHeaders();  // a moved-from object may be used again
  original.add("C", "3");
  EXPECT_EQ("C: 3\r\n", original.wire());
}

TEST(Headers, iteration) {
  const HTTPHeaders headers{{"A", "1"}, {"B", "2"}};
  std::string seen;
  for (const auto [name, value] : headers) seen.append(name).append("=").append(value).append(";");
  EXPECT_EQ("A=1;B=2;", seen);
}

// A head fits in the connection's memory budget because the object is small and a filled one holds
// two blocks.
TEST(Headers, add_known_gives_what_add_gives) {
  HTTPHeaders checked{{"Server", "x"}};
  HTTPHeaders known = checked;
  for (int i = 0; i < 20; ++i) {  // more than the first block holds
    checked.add("Content-Length", std::to_string(i));
    known.add_known("Content-Length", std::to_string(i));
  }
  EXPECT_EQ(known.wire(), checked.wire());
  EXPECT_EQ(known.get_list("content-length"), checked.get_list("content-length"));
}

TEST(Headers, a_copy_is_equal_and_its_own) {
  HTTPHeaders first{{"A", "1"}, {"B", "2"}};
  HTTPHeaders second = first;
  second.set("A", "3");
  EXPECT_EQ(first["A"], "1");
  EXPECT_EQ(second["A"], "3");
  second = first;
  EXPECT_EQ(second.wire(), first.wire());
}

TEST(Headers, shrinking_keeps_the_fields_and_leaves_them_changeable) {
  HTTPHeaders headers;
  headers.shrink_to_fit();
  for (int i = 0; i < 50; ++i) headers.add("Name-" + std::to_string(i), std::string(50, 'v'));
  while (headers.size() > 2) headers.remove("Name-" + std::to_string(headers.size() - 1));
  const std::string wire(headers.wire());
  headers.shrink_to_fit();
  headers.shrink_to_fit();
  EXPECT_EQ(headers.wire(), wire);
  EXPECT_EQ(headers["name-1"], std::string(50, 'v'));
  headers.add("Other", "x");
  EXPECT_EQ(headers.wire(), wire + "Other: x\r\n");
  headers.clear();
  headers.shrink_to_fit();
  EXPECT_TRUE(headers.empty());
  headers.add("A", "b");
  EXPECT_EQ(headers.wire(), "A: b\r\n");
}

TEST(Headers, object_is_small) {
  EXPECT_LE(sizeof(HTTPHeaders), 64u);
}

// CVE-2025-67725: adding repeats, reading them and removing them is linear.
TEST(Headers, repeats_are_linear) {
  const auto make = [](std::size_t count) { return count; };
  const auto work = [](std::size_t count) {
    HTTPHeaders headers;
    for (std::size_t i = 0; i < count; ++i) headers.add("X", "y");
    ASSERT_EQ(2 * count - 1, headers["X"].size());
    ASSERT_EQ(count, headers.remove("X"));
  };
  EXPECT_LT(test::growth(make, work, 2000), test::kLinearGrowth);
}

}  // namespace
}  // namespace tornado::httputil
