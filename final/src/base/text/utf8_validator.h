// Internal header: UTF-8 that arrives in pieces (RFC 3629).
#pragma once

#include <cstdint>
#include <string_view>

namespace tornado::escape {

// Says as early as possible that bytes are not UTF-8. Pieces may be cut inside a code point.
class Utf8Validator {
 public:
  // False: what was taken so far cannot be the beginning of UTF-8 text. Ask no more then.
  [[nodiscard]] bool take(std::string_view bytes) noexcept;
  // Whether the text may end here.
  bool complete() const noexcept { return left_ == 0; }

 private:
  bool begin(std::uint8_t lead) noexcept;

  std::uint8_t left_ = 0;  // bytes that the code point still needs
  // What the next of them may be: narrower than usual where the code point would be too short a
  // one for its length, a surrogate, or over U+10FFFF.
  std::uint8_t low_ = 0x80;
  std::uint8_t high_ = 0xBF;
};

}  // namespace tornado::escape
