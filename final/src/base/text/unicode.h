// Internal header: code points in UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tornado::escape {

struct CodePoint {
  std::uint32_t value;
  std::size_t length;  // in bytes, 1 to 4; 0 if not well-formed
};

// Decodes the code point at the start of `bytes`, which must not be empty.
CodePoint decode_utf8(std::string_view bytes) noexcept;

// Appends a code point, at most U+10FFFF and not a surrogate.
void append_utf8(std::string& out, std::uint32_t code_point);

// Same as Python's str.isspace for one character.
bool is_unicode_space(std::uint32_t code_point) noexcept;

// Removes Unicode whitespace from both ends, as Python's str.strip does. Bytes that are not UTF-8
// do not count as whitespace.
std::string_view strip_unicode(std::string_view text) noexcept;

}  // namespace tornado::escape
