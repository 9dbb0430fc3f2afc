#include "base/text/utf8_validator.h"

#include <tornado/escape.h>

#include <cstring>

namespace tornado::escape {
namespace {

// Returns the first byte of [p, end) that is not ASCII, or `end`.
const char* skip_ascii(const char* p, const char* end) noexcept {
  constexpr std::uint64_t kTops = 0x8080808080808080;
  for (; end - p >= 8; p += 8) {
    std::uint64_t word;
    std::memcpy(&word, p, 8);
    if ((word & kTops) != 0) break;
  }
  while (p != end && static_cast<std::uint8_t>(*p) < 0x80) ++p;
  return p;
}

}  // namespace

bool Utf8Validator::begin(std::uint8_t lead) noexcept {
  low_ = 0x80;
  high_ = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    left_ = 1;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    left_ = 2;
    if (lead == 0xE0) low_ = 0xA0;
    if (lead == 0xED) high_ = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    left_ = 3;
    if (lead == 0xF0) low_ = 0x90;
    if (lead == 0xF4) high_ = 0x8F;
  } else {
    return false;
  }
  return true;
}

bool Utf8Validator::take(std::string_view bytes) noexcept {
  const char* p = bytes.data();
  const char* const end = p + bytes.size();
  for (;;) {
    if (left_ == 0) p = skip_ascii(p, end);
    if (p == end) return true;
    const auto byte = static_cast<std::uint8_t>(*p++);
    if (left_ == 0) {
      if (!begin(byte)) return false;
    } else {
      if (byte < low_ || byte > high_) return false;
      low_ = 0x80;
      high_ = 0xBF;
      --left_;
    }
  }
}

bool is_valid_utf8(std::string_view bytes) noexcept {
  Utf8Validator validator;
  return validator.take(bytes) && validator.complete();
}

}  // namespace tornado::escape
