// Internal header. The path patterns of a rule table, as one tree: looking a path up costs about as
// much with a thousand of them as with ten.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "web/routing/path_tokens.h"

namespace tornado::routing::detail {

// Patterns that begin alike share the way from the root. Each has a place, its number in the order
// of the rules; they are added in that order.
class PathTree {
 public:
  using Place = std::uint32_t;
  static constexpr Place kNone = std::numeric_limits<Place>::max();

  // A pattern that is matched here.
  void add(const std::vector<PathToken>& tokens, Place place);
  // One that others have to match, if the path begins with `prefix`.
  void add_regex(std::string_view prefix, Place place);

  // The first place, at `from` or behind it, whose pattern matches; kNone if there is none. The
  // places of regular expressions that might match, and stand before that, are added to `regexes`.
  Place find(std::string_view path, Place from, std::vector<Place>& regexes) const;

 private:
  struct Branch;
  struct Node {
    std::string text;  // what leads here from the parent; empty behind a capture
    std::vector<std::unique_ptr<Node>> children;  // each begins with another byte, in order
    std::vector<Branch> branches;
    std::vector<Place> ends;     // patterns that end here
    std::vector<Place> regexes;  // whose prefix ends here
    Place first = kNone;         // of all here and below
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
