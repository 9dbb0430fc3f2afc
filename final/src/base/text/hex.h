// Internal header. Bytes as hexadecimal digits.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace tornado {

// "00" to "ff".
inline constexpr std::array<char, 512> kHexPairs = [] {
  std::array<char, 512> pairs{};
  for (std::size_t i = 0; i < 256; ++i) {
    pairs[2 * i] = "0123456789abcdef"[i >> 4];
    pairs[2 * i + 1] = "0123456789abcdef"[i & 15];
  }
  return pairs;
}();

// Writes two lower-case digits a byte to `out` and returns the end of what it wrote.
inline char* write_hex(const unsigned char* bytes, std::size_t size, char* out) {
  for (std::size_t i = 0; i < size; ++i, out += 2) {
    std::memcpy(out, &kHexPairs[2 * static_cast<std::size_t>(bytes[i])], 2);
  }
  return out;
}

std::string hex_encode(std::string_view bytes);
// Returns nullopt for an odd number of digits, or if any is not a hexadecimal digit.
std::optional<std::string> hex_decode(std::string_view digits);

}  // namespace tornado
