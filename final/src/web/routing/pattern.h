// Internal header. A route's regular expression, compiled: matching it, and reversing it.
#pragma once

#include <tornado/routing.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "web/routing/path_tokens.h"

namespace re2 {
class RE2;
}

namespace tornado::routing::detail {

// Matches whole paths, as sent. A pattern of text and simple captures never uses the regular
// expression engine; any other that begins with text is tried only on paths that begin with it too.
class Pattern {
 public:
  // Throws std::invalid_argument with the engine's message, or if only some of the groups have
  // names.
  explicit Pattern(const std::string& text);
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;
  ~Pattern();

  int group_count() const noexcept { return group_count_; }
  // The groups' names, in order; empty if they have none.
  const std::vector<std::string>& group_names() const noexcept { return group_names_; }
  // The pattern's tokens, if it is simple.
  const std::optional<std::vector<PathToken>>& tokens() const noexcept { return tokens_; }
  // The text with which every match begins.
  const std::string& prefix() const noexcept { return prefix_; }
  const std::string& text() const noexcept { return text_; }

  // Returns whether `path` matches; `captures` then holds a view into it for each group, or one
  // with no data for a group that took no part.
  bool match(std::string_view path, std::vector<std::string_view>& captures) const;

  // Returns the path with `args` in place of the groups. Throws std::invalid_argument for a wrong
  // number of args, or for a pattern whose groups cannot be replaced.
  std::string reverse(const std::vector<std::string>& args) const;

 private:
  void find_prefix(const std::string& text);
  void find_pieces(const std::string& text);
  void compile();
  void take_names();

  std::string text_;
  std::string prefix_;
  std::optional<std::vector<PathToken>> tokens_;
  std::unique_ptr<re2::RE2> regex_;  // null if there are tokens
  std::vector<std::string> group_names_;
  std::optional<std::vector<std::string>> pieces_;  // the text around the groups; none: too complex
  int group_count_ = 0;
};

// Returns the parameters for the rule's target if the pattern matches; nothing if it does not.
std::optional<MatchParams> match_path(const Pattern& pattern, std::string_view path);

}  // namespace tornado::routing::detail
