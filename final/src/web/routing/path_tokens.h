// Internal header. Patterns of text and simple captures, such as "/story/([0-9]+)/(.*)": most
// routes are. They can be matched by going through the path once, and many of them together.
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

// A group of `min` to `max` bytes of a set. What follows it in the pattern is the end, or a byte
// that is not of the set: so it takes all of the set there is, and never has to give any back.
struct Capture {
  CharSet set;
  std::size_t min = 0;
  std::size_t max = 0;
  std::string name;  // empty: none

  // How many bytes it takes from the beginning of `path`; nothing if it does not match there.
  std::optional<std::size_t> take(std::string_view path) const noexcept;
};

// Text, then a capture or the end.
struct PathToken {
  std::string text;
  std::optional<Capture> capture;
};

// Bytes that stand for something else than themselves, unless "\" is before them.
bool is_special(char c);
// Those that say how often what is before them may come.
bool is_quantifier(char c);

// What the pattern consists of; nothing if there is more in it than text and simple captures. Only
// the last token has no capture; a pattern that ends in one has an empty last text.
std::optional<std::vector<PathToken>> simple_tokens(std::string_view pattern);

// Whether the whole path matches; then `captures` has its parts.
bool match_tokens(const std::vector<PathToken>& tokens, std::string_view path,
                  std::vector<std::string_view>& captures);

}  // namespace tornado::routing::detail
