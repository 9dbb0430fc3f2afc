// Internal header. A route's regular expression, compiled: how it matches, and how it is reversed.
#pragma once

#include <tornado/web.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace re2 {
class RE2;
}

namespace tornado::web::detail {

// Matches whole paths, as sent. A pattern without special characters is compared as text and never
// meets the regular expression engine; one that begins with such text is tried only on paths that
// do.
class Pattern {
 public:
  // Throws std::invalid_argument with the engine's message.
  explicit Pattern(const std::string& text);
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;
  ~Pattern();

  int group_count() const noexcept { return group_count_; }
  // The path itself, if the pattern is plain text.
  const std::optional<std::string>& literal() const noexcept { return literal_; }

  // Whether `path` matches; then `captures` has a view into it for each group, or one with no data
  // for a group that took no part.
  bool match(std::string_view path, std::vector<std::string_view>& captures) const;

  // The path with `args` in place of the groups. Throws std::invalid_argument for another number of
  // args, and for a pattern whose groups cannot be replaced.
  std::string reverse(const std::vector<std::string>& args) const;

 private:
  void find_prefix(const std::string& text);
  void find_pieces(const std::string& text);

  std::string text_;
  std::string prefix_;  // what every match begins with
  std::optional<std::string> literal_;
  std::unique_ptr<re2::RE2> regex_;                 // null for a literal
  std::optional<std::vector<std::string>> pieces_;  // the text around the groups; none: too complex
  int group_count_ = 0;
};

}  // namespace tornado::web::detail
