// Internal header: splits expressions into words.
#pragma once

#include <tornado/template_value.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tornado::template_::detail {

// An error in an expression, and its line within the expression, from 0.
class SyntaxError : public std::exception {
 public:
  SyntaxError(std::string message, int line) : message_(std::move(message)), line_(line) {}
  const char* what() const noexcept override { return message_.c_str(); }
  int line() const noexcept { return line_; }

 private:
  std::string message_;
  int line_;
};

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
