// Internal header: which form of a message a number takes, as gettext's files say it in C:
// "n%10==1 && n%100!=11 ? 0 : 1".
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace tornado::locale {

class PluralRule {
 public:
  static constexpr std::size_t kMaxLength = 1000;  // bytes of the expression
  static constexpr int kMaxDepth = 20;             // parentheses in parentheses

  // One form for 1 and another for the rest, until something is parsed.
  PluralRule();

  // Reads an expression of n, numbers, ! * / % + - < > <= >= == != && || ?: and parentheses.
  // Returns nullptr, or why it is refused (static text); the rule then stays as it was.
  [[nodiscard]] const char* parse(std::string_view expression);

  // The number of the form, from 0 on; negative or too large if the expression is wrong. Division
  // by 0 is 0, and rounds down, as Python's.
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
    std::int64_t number = 0;  // of kNumber
  };
  static std::int64_t apply(Op op, std::int64_t left, std::int64_t right);

  std::vector<Step> steps_;  // operands first, then what is done with them
};

}  // namespace tornado::locale
