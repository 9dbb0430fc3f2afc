// Internal header: validates UTF-8 that arrives in pieces (RFC 3629).
#pragma once

#include <cstdint>
#include <string_view>

namespace tornado::escape {

// Detects bytes that are not UTF-8 as early as possible. Pieces may be cut inside a code point.
class Utf8Validator {
 public:
  // Returns false if the bytes so far cannot be the beginning of UTF-8 text. Do not call it again
  // then.
  [[nodiscard]] bool take(std::string_view bytes) noexcept;
  // Returns whether the text may end here.
  bool complete() const noexcept { return left_ == 0; }

 private:
  bool begin(std::uint8_t lead) noexcept;

  std::uint8_t left_ = 0;  // bytes still missing from the code point
  // The range allowed for the next byte. Narrower than usual where the code point could otherwise
  // be an overlong form, a surrogate, or above U+10FFFF.
  std::uint8_t low_ = 0x80;
  std::uint8_t high_ = 0xBF;
};

}  // namespace tornado::escape
