// Internal header: splits expressions into words.
#pragma once

#include <tornado/template_value.h>

#include <cstdint>
#include <string_view>
#include <vector>

namespace tornado::template_::detail {

struct Token {
  enum class Kind : std::uint8_t { kName, kValue, kOperator, kEnd };
  Kind kind = Kind::kEnd;
  std::string_view text;
  Value value;  // of a number or string
  int line = 0;
};

// Returns the words of `text`, and an end marker. Throws SyntaxError.
std::vector<Token> tokenize(std::string_view text);

}  // namespace tornado::template_::detail
