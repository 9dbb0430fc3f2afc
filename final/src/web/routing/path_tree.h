// Internal header. The path patterns of a rule table, as one tree: a look-up among a thousand
// patterns costs about as much as among ten.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "web/routing/path_tokens.h"

namespace tornado::routing::detail {

// Patterns that begin alike share the way from the root. Each has a place, which is its number in
// the order of the rules; add them in that order.
class PathTree {
 public:
  using Place = std::uint32_t;
  static constexpr Place kNone = std::numeric_limits<Place>::max();

  // Adds a pattern that the tree itself matches.
  void add(const std::vector<PathToken>& tokens, Place place);
  // Adds a pattern that the regular expression engine has to match, if the path begins with
  // `prefix`.
  void add_regex(std::string_view prefix, Place place);

  // Returns the first place from `from` on whose pattern matches; kNone if there is none. Adds the
  // places of earlier regular expressions that might match to `regexes`.
  Place find(std::string_view path, Place from, std::vector<Place>& regexes) const;

 private:
  struct Branch;
  struct Node {
    std::string text;  // the text between the parent and here; empty after a capture
    std::vector<std::unique_ptr<Node>> children;  // sorted by first byte, all different
    std::vector<Branch> branches;
    std::vector<Place> ends;     // patterns that end here
    std::vector<Place> regexes;  // patterns whose prefix ends here
    Place first = kNone;         // the smallest place here and below
  };
  struct Branch {
    Capture capture;
    std::unique_ptr<Node> to;
  };
  class Search;

  static Node& behind_text(Node& from, std::string_view text, Place place);
  static Node& behind_capture(Node& from, const Capture& capture, Place place);

  Node root_;
};

}  // namespace tornado::routing::detail
