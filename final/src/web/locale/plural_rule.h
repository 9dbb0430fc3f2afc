// Internal header: chooses the plural form for a number, by the C expression in gettext's files:
// "n%10==1 && n%100!=11 ? 0 : 1".
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace tornado::locale {

class PluralRule {
 public:
  static constexpr std::size_t kMaxLength = 1000;  // bytes of the expression
  static constexpr int kMaxDepth = 20;             // nested parentheses

  // Until a rule is parsed: one form for 1 and another for all other numbers.
  PluralRule();

  // Parses an expression of n, numbers, ! * / % + - < > <= >= == != &&
  //  ?: and parentheses. Returns nullptr, or why the expression is refused (static text); the rule
  //  is then unchanged.
  [[nodiscard]] const char* parse(std::string_view expression);

  // Returns the index of the form, from 0; negative or too large if the expression is wrong.
  // Division by 0 yields 0; other divisions round down, as Python's do.
  std::int64_t operator()(std::int64_t n) const;

 private:
  friend class PluralParser;
  enum class Op : std::uint8_t {
    kNumber,
    kN,
    kNot,
    kOr,
    kAnd,
    kEqual,
    kUnequal,
    kLess,
    kGreater,
    kLessEqual,
    kGreaterEqual,
    kAdd,
    kSubtract,
    kMultiply,
    kDivide,
    kModulo,
    kChoose
  };
  struct Step {
    Op op;
    std::int64_t number = 0;  // if it is a kNumber
  };
  static std::int64_t apply(Op op, std::int64_t left, std::int64_t right);

  std::vector<Step> steps_;  // in postfix order: operands before their operator
};

}  // namespace tornado::locale
