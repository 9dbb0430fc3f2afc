#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "routes.h"
#include "tests/chapters/04-iostream/stream_pair.h"

namespace {

// ---- milestone 1

TEST(Routing, of_a_whole_path) {
  Story story(
      "A pattern describes the whole path. One that matches a part of it serves pages that nobody "
      "has "
      "written.");
  const mini::URLSpec number = route("/story/([0-9]+)");
  story.expect("/story/12", std::optional(PathArgs{"12"}), number.match("/story/12"));
  story.expect("/story/12/", std::optional<PathArgs>(), number.match("/story/12/"));
  story.expect("/my/story/12", std::optional<PathArgs>(), number.match("/my/story/12"));
  story.expect("/story/twelve", std::optional<PathArgs>(), number.match("/story/twelve"));
  story.expect("/bc, for the pattern /a|/b", std::optional<PathArgs>(),
               route("/a|/b").match("/bc"));
}

TEST(Routing, and_what_its_groups_match) {
  Story story(
      "A group matches bytes as the client has sent them: they are decoded once, here. A '+' in a "
      "path "
      "is a plus.");
  story.expect("/a%20b/c+d, for /(.*)/(.*)", std::optional(PathArgs{"a b", "c+d"}),
               route("/(.*)/(.*)").match("/a%20b/c+d"));
  story.expect("/a, for /a(b)?", std::optional(PathArgs{""}), route("/a(b)?").match("/a"));
}

TEST(Routing, with_a_pattern_that_is_none) {
  Story story(
      "A pattern is a line of the program: say that it is malformed when the program starts.");
  bool refused = false;
  try {
    route("/(unclosed");
  } catch (const std::invalid_argument&) {
    refused = true;
  }
  story.expect("the constructor throws std::invalid_argument", true, refused);
}

TEST(Routing, to_the_first_that_matches) {
  Story story("The routes are tried in order, and the first that matches wins.");
  std::string made;
  const auto noting = [&](const std::string& pattern, const std::string& name) {
    const auto make = [&made, name] {
      made += name + " ";
      return std::make_shared<mini::RequestHandler>();
    };
    return mini::URLSpec(pattern, name, make, [](mini::RequestHandler&) {});
  };
  mini::IOLoop loop;
  mini::Application app({noting("/", "front"), noting("/a.*", "first"), noting("/ab", "second")});
  const std::uint16_t port = app.listen(loop, 0).port();
  story.step("clients ask for /ab?x=/, / and /c");
  for (const std::string target : {"/ab?x=/", "/", "/c"}) {
    mini::Client client(port);
    client.send("GET " + target + " HTTP/1.0\r\n\r\n");
    mini::settle(loop);
  }
  story.expect("the handlers that were made", std::string("first front "), made);
}

}  // namespace
