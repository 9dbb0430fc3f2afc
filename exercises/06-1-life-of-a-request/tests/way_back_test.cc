#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "routes.h"

namespace {

// ---- milestone 5

bool cannot_be_reversed(const std::string& pattern, const PathArgs& args) {
  try {
    route(pattern).reverse(args);
  } catch (const std::invalid_argument&) {
    return true;
  }
  return false;
}

TEST(Back, to_the_path) {
  Story story(
      "The path is the pattern with an argument for each group, encoded as a client would.");
  story.expect("/ without arguments", std::string("/"), route("/").reverse({}));
  story.expect("/story/([0-9]+) with 7", std::string("/story/7"),
               route("/story/([0-9]+)").reverse({"7"}));
  story.expect("/([^/]+)/x/([^/]+) with a/b and a blank", std::string("/a%2Fb/x/%20"),
               route("/([^/]+)/x/([^/]+)").reverse({"a/b", " "}));
}

TEST(Back, or_not_at_all) {
  Story story(
      "A link to a page that does not exist is worse than an exception where it is written.");
  story.expect("too few arguments", true, cannot_be_reversed("/story/([0-9]+)", {}));
  story.expect("too many", true, cannot_be_reversed("/", {"1"}));
  story.expect("one that the group does not match", true,
               cannot_be_reversed("/story/([0-9]+)", {"one"}));
  story.expect("a pattern that is more than text and groups", true,
               cannot_be_reversed("/a.*", {}) && cannot_be_reversed("/(?:a)", {}));
  story.expect("a group in a group", true, cannot_be_reversed("/((a)b)", {"ab", "a"}));
}

TEST(Back, by_name) {
  Story story("A route is found by its name, so that a link survives a change of its path.");
  const mini::Application app({mini::url<mini::RequestHandler>("/"),
                               mini::url<mini::RequestHandler>("/story/(.*)", "story")});
  story.expect("story, with 7", std::string("/story/7"), app.reverse_url("story", {"7"}));
  bool refused = false;
  try {
    app.reverse_url("unknown");
  } catch (const std::out_of_range&) {
    refused = true;
  }
  story.expect("an unknown name throws std::out_of_range", true, refused);
}

}  // namespace
