#include "base/text/hex.h"

#include "base/text/ascii.h"

namespace tornado {

std::string hex_encode(std::string_view bytes) {
  std::string digits(2 * bytes.size(), '\0');
  write_hex(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digits.data());
  return digits;
}

std::optional<std::string> hex_decode(std::string_view digits) {
  if (digits.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  bytes.reserve(digits.size() / 2);
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    const int high = hex_value(digits[i]);
    const int low = hex_value(digits[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

}  // namespace tornado
