// Internal header: code points in UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tornado::escape {

struct CodePoint {
  std::uint32_t value;
  std::size_t length;  // bytes it takes, 1 to 4; 0: not well-formed
};

// The code point that `bytes` begin with. `bytes` must not be empty.
CodePoint decode_utf8(std::string_view bytes) noexcept;

// Appends a code point (at most U+10FFFF, no surrogate).
void append_utf8(std::string& out, std::uint32_t code_point);

// What Python's str.isspace says.
bool is_unicode_space(std::uint32_t code_point) noexcept;

// Without Unicode whitespace at both ends, as Python's str.strip. Bytes that are not UTF-8 are no
// whitespace.
std::string_view strip_unicode(std::string_view text) noexcept;

}  // namespace tornado::escape
