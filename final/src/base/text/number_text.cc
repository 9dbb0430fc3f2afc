#include "base/text/number_text.h"

#include <charconv>
#include <cmath>
#include <string_view>

namespace tornado {
namespace {

template <typename Integer>
void append_any_integer(std::string& out, Integer value) {
  char text[24];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  out.append(text, static_cast<std::size_t>(end - text));
}

}  // namespace

void append_float(std::string& out, double value) {
  char text[40];
  const double magnitude = std::abs(value);
  const bool exponent = magnitude != 0 && (magnitude < 1e-4 || magnitude >= 1e16);
  const auto format = exponent ? std::chars_format::scientific : std::chars_format::fixed;
  const auto end = std::to_chars(text, text + sizeof text, value, format).ptr;
  const std::string_view digits(text, static_cast<std::size_t>(end - text));
  out.append(digits);
  if (!exponent && digits.find('.') == digits.npos) out.append(".0");
}

void append_integer(std::string& out, std::int64_t value) {
  append_any_integer(out, value);
}

void append_integer(std::string& out, std::uint64_t value) {
  append_any_integer(out, value);
}

}  // namespace tornado
