#include <tornado/escape.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "base/text/ascii.h"
#include "base/text/unicode.h"

namespace tornado::escape {
namespace {

constexpr std::uint32_t kReplacement = 0xFFFD;
constexpr std::uint32_t kTooLarge = 0x110000;

// HTML 13.2.5.80: numbers 0x80-0x9F have their meaning in Windows-1252; 0 where it assigns none.
constexpr std::uint16_t kWindows1252[32] = {
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

bool is_noncharacter(std::uint32_t c) {
  return (c >= 0x01 && c <= 0x08) || c == 0x0B || (c >= 0x0E && c <= 0x1F) || c == 0x7F ||
         (c >= 0xFDD0 && c <= 0xFDEF) || (c & 0xFFFE) == 0xFFFE;
}

void append_numbered(std::string& out, std::uint32_t c) {
  if (c >= 0x80 && c <= 0x9F) {
    const std::uint32_t mapped = kWindows1252[c - 0x80];
    append_utf8(out, mapped ? mapped : c);
  } else if (c == 0 || (c >= 0xD800 && c <= 0xDFFF) || c >= kTooLarge) {
    append_utf8(out, kReplacement);
  } else if (!is_noncharacter(c)) {
    append_utf8(out, c);
  }
}

// Both take the text after "&", append what it stands for, and return the bytes consumed, or 0 if
// it is not a reference.

std::size_t append_number(std::string& out, std::string_view text) {
  std::size_t i = 1;  // "#"
  const bool hex = i < text.size() && (text[i] | 0x20) == 'x';
  const std::uint32_t base = hex ? 16 : 10;
  if (hex) ++i;
  const std::size_t first = i;
  std::uint32_t value = 0;
  for (; i < text.size(); ++i) {
    const int digit = hex_value(text[i]);
    if (digit < 0 || digit >= static_cast<int>(base)) break;
    value = std::min(value * base + static_cast<std::uint32_t>(digit), kTooLarge);
  }
  if (i == first) return 0;
  append_numbered(out, value);
  return i < text.size() && text[i] == ';' ? i + 1 : i;
}

struct Entity {
  std::string_view name;  // without "&": "lt;", and "lt" too, because HTML allows both
  std::string_view text;
};

// Sorted by name. Made by html_entities.py during the build.
constexpr Entity kEntities[] = {
#include "html_entities.inc"
};
constexpr std::size_t kLongestName = 32;  // "CounterClockwiseContourIntegral;"

// Returns the text that the name stands for; empty if there is no such name.
std::string_view entity_text(std::string_view name) {
  const auto found = std::lower_bound(
      std::begin(kEntities), std::end(kEntities), name,
      [](const Entity& entity, std::string_view wanted) { return entity.name < wanted; });
  return found != std::end(kEntities) && found->name == name ? found->text : std::string_view();
}

std::size_t append_name(std::string& out, std::string_view text) {
  std::size_t end = std::min(text.find_first_of("\t\n\f <&#;"), text.size());
  end = std::min(end, kLongestName);
  if (end < text.size() && text[end] == ';') ++end;
  // The longest name wins: "&notit" is "&not" followed by "it". Every name has at least two
  // letters.
  for (; end >= 2; --end) {
    const std::string_view found = entity_text(text.substr(0, end));
    if (found.empty()) continue;
    out.append(found);
    return end;
  }
  return 0;
}

}  // namespace

std::string xhtml_unescape(std::string_view value) {
  std::string out;
  out.reserve(value.size());
  for (;;) {
    const auto plain = value.find('&');
    out.append(value.substr(0, plain));
    if (plain == value.npos) return out;
    value.remove_prefix(plain + 1);
    const bool number = !value.empty() && value[0] == '#';
    const std::size_t used = number ? append_number(out, value) : append_name(out, value);
    if (used == 0) out.push_back('&');
    value.remove_prefix(used);
  }
}

}  // namespace tornado::escape
