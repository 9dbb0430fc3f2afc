// Internal header. Character classes of HTTP and the scans built on them. All of it works on bytes;
// nothing allocates.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/text/ascii.h"

namespace tornado::http {

constexpr bool is_blank(char c) {
  return c == ' ' || c == '\t';
}  // OWS, RFC 9110 5.6.3
constexpr std::uint8_t byte(char c) {
  return static_cast<std::uint8_t>(c);
}

// A control character other than tab: never part of a field value (RFC 9110 5.5).
constexpr bool is_control(char c) {
  return (byte(c) < 0x20 && c != '\t') || byte(c) == 0x7F;
}

constexpr bool is_token_char(char c) {  // tchar, RFC 9110 5.6.2
  return is_alnum(c) ||
         (c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos);
}

// Maps a token character to itself in the desired case, anything else to '\0': one look-up both
// checks and converts.
using CharMap = std::array<char, 256>;
constexpr CharMap make_token_map(char (*convert)(char)) {
  CharMap map{};
  for (int i = 0; i < 256; ++i) {
    const char c = static_cast<char>(i);
    map[static_cast<std::size_t>(i)] = is_token_char(c) ? convert(c) : '\0';
  }
  return map;
}
inline constexpr std::array<CharMap, 2> kTokenCase = {make_token_map(to_lower),
                                                      make_token_map(to_upper)};

inline bool is_token(std::string_view text) {
  for (const char c : text) {
    if (kTokenCase[0][byte(c)] == '\0') return false;
  }
  return !text.empty();
}

inline std::string_view trim_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// Returns the first control character other than tab in [p, end), or `end`: where the text of a
// field value stops. Handles eight bytes per step: a byte is below 0x20 if subtracting 0x20 borrows
// from its clear top bit, and is DEL if nothing differs from 0x7F.
inline const char* find_control(const char* p, const char* end) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kTops = kOnes * 0x80;
  while (end - p >= 8) {
    std::uint64_t word;
    std::memcpy(&word, p, 8);
    const std::uint64_t not_del = word ^ (kOnes * 0x7F);
    const std::uint64_t low = (word - kOnes * 0x20) & ~word;
    const std::uint64_t del = (not_del - kOnes) & ~not_del;
    if (((low | del) & kTops) != 0) {
      for (const char* const stop = p + 8; p != stop; ++p) {
        if (is_control(*p)) return p;
      }
    } else {
      p += 8;
    }
  }
  while (p != end && !is_control(*p)) ++p;
  return p;
}

inline bool has_control(std::string_view text) {
  const char* const end = text.data() + text.size();
  return find_control(text.data(), end) != end;
}

}  // namespace tornado::http
