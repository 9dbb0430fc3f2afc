#include "06-request-handler/url_spec.h"

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string>

#include "06-request-handler/request_handler.h"

namespace mini {
namespace {

URLSpec route(const std::string& pattern) {
  return url<RequestHandler>(pattern);
}

TEST(URLSpec, matches_the_whole_path) {
  EXPECT_EQ(route("/").match("/"), PathArgs());
  EXPECT_EQ(route("/").match("/x"), std::nullopt);
  EXPECT_EQ(route("/story").match("/story/"), std::nullopt);
  EXPECT_EQ(route("/a|/b").match("/bc"), std::nullopt);
}

TEST(URLSpec, groups_become_arguments_decoded) {
  EXPECT_EQ(route("/story/([0-9]+)").match("/story/12"), PathArgs{"12"});
  EXPECT_EQ(route("/story/([0-9]+)").match("/story/twelve"), std::nullopt);
  EXPECT_EQ(route("/(.*)/(.*)").match("/a%20b/c+d"), (PathArgs{"a b", "c+d"}));
  EXPECT_EQ(route("/a(b)?").match("/a"), PathArgs{""});
}

TEST(URLSpec, a_bad_pattern_throws_when_the_route_is_made) {
  EXPECT_THROW(route("/(unclosed"), std::invalid_argument);
}

TEST(URLSpec, reverse) {
  EXPECT_EQ(route("/").reverse({}), "/");
  EXPECT_EQ(route("/story/([0-9]+)").reverse({"7"}), "/story/7");
  EXPECT_EQ(route("/([^/]+)/x/([^/]+)").reverse({"a/b", "ü"}), "/a%2Fb/x/%C3%BC");
}

TEST(URLSpec, reverse_throws_rather_than_build_a_wrong_path) {
  EXPECT_THROW(route("/story/([0-9]+)").reverse({}), std::invalid_argument);
  EXPECT_THROW(route("/").reverse({"1"}), std::invalid_argument);
  EXPECT_THROW(route("/story/([0-9]+)").reverse({"one"}), std::invalid_argument);
  EXPECT_THROW(route("/a.*").reverse({}), std::invalid_argument);
  EXPECT_THROW(route("/(?:a)").reverse({}), std::invalid_argument);
  EXPECT_THROW(route("/((a)b)").reverse({"ab", "a"}), std::invalid_argument);
}

}  // namespace
}  // namespace mini
