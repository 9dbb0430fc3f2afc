// Internal header: numbers in text, read and written as Python does.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tornado {

// Returns what Python's repr() does for a finite float: the fewest digits that read back as the
// same value, with an exponent below 1e-4 and from 1e16.
void append_float(std::string& out, double value);
void append_integer(std::string& out, std::int64_t value);
void append_integer(std::string& out, std::uint64_t value);

// Returns the number that all of `text` is; nothing if it is none, or does not fit T. Accepts no
// blanks, no "+", and for an unsigned T no "-".
template <typename T>
std::optional<T> parse_number(std::string_view text) {
  T number{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

}  // namespace tornado
