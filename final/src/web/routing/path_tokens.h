// Internal header. Patterns of text and simple captures, such as "/story/([0-9]+)/(.*)": most
// routes are. One pass over the path matches them, even many of them together.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tornado::routing::detail {

// A set of bytes: "[0-9a-f]".
class CharSet {
 public:
  bool contains(char c) const noexcept {
    const auto byte = static_cast<unsigned char>(c);
    return (words_[byte >> 6] >> (byte & 63) & 1) != 0;
  }
  void add(char c) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    words_[byte >> 6] |= std::uint64_t{1} << (byte & 63);
  }
  void add_range(unsigned first, unsigned last) noexcept {
    for (unsigned byte = first; byte <= last; ++byte) add(static_cast<char>(byte));
  }
  void invert() noexcept {
    for (std::uint64_t& word : words_) word = ~word;
  }
  bool operator==(const CharSet&) const noexcept = default;

 private:
  std::array<std::uint64_t, 4> words_{};
};

// A group of `min` to `max` bytes of a set. In the pattern it is followed by the end, or by a byte
// that is not in the set. So it takes every byte of the set, and never has to give any back.
struct Capture {
  CharSet set;
  std::size_t min = 0;
  std::size_t max = 0;
  std::string name;  // empty: unnamed

  // Returns how many bytes it takes from the beginning of `path`; nothing if it does not match
  // there.
  std::optional<std::size_t> take(std::string_view path) const noexcept;
};

// Text, then a capture or the end.
struct PathToken {
  std::string text;
  std::optional<Capture> capture;
};

// Bytes with a special meaning, unless "\" precedes them.
bool is_special(char c);
// Those that say how often the item before them may occur.
bool is_quantifier(char c);

// Returns the tokens of the pattern; nothing if it contains more than text and simple captures.
// Only the last token has no capture; a pattern that ends in a capture has an empty last text.
std::optional<std::vector<PathToken>> simple_tokens(std::string_view pattern);

// Returns whether the whole path matches; `captures` then holds its parts.
bool match_tokens(const std::vector<PathToken>& tokens, std::string_view path,
                  std::vector<std::string_view>& captures);

}  // namespace tornado::routing::detail
