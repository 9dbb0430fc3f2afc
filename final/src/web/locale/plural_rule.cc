#include "web/locale/plural_rule.h"

#include <charconv>
#include <utility>

namespace tornado::locale {

// Recursive descent. Each function appends the steps that compute what it has read. The
// expression's length bounds the depth.
class PluralParser {
 public:
  explicit PluralParser(std::string_view text) : rest_(text) {}

  const char* parse() {
    if (rest_.size() > PluralRule::kMaxLength) return "plural form expression is too long";
    choice();
    if (error_ == nullptr && !peek().empty()) fail("unexpected token in plural form");
    return error_;
  }
  std::vector<PluralRule::Step> take_steps() { return std::move(steps_); }

 private:
  using Op = PluralRule::Op;

  struct Binary {
    std::string_view token;
    int priority;
    Op op;
  };
  static constexpr Binary kBinary[] = {
      {"||", 1, Op::kOr},      {"&&", 2, Op::kAnd},       {"==", 3, Op::kEqual},
      {"!=", 3, Op::kUnequal}, {"<=", 4, Op::kLessEqual}, {">=", 4, Op::kGreaterEqual},
      {"<", 4, Op::kLess},     {">", 4, Op::kGreater},    {"+", 5, Op::kAdd},
      {"-", 5, Op::kSubtract}, {"*", 6, Op::kMultiply},   {"/", 6, Op::kDivide},
      {"%", 6, Op::kModulo},
  };

  // c ? a : b
  void choice() {
    binary(1);
    if (!take("?")) return;
    choice();
    if (!take(":")) fail("a ? without a : in plural form");
    choice();
    emit(Op::kChoose);
  }

  // Operators of at least this priority; equal priorities associate to the left.
  void binary(int priority) {
    operand();
    while (error_ == nullptr) {
      const Binary* const found = operator_here();
      if (found == nullptr || found->priority < priority) return;
      rest_.remove_prefix(found->token.size());
      binary(found->priority + 1);
      emit(found->op);
    }
  }

  void operand() {
    int negations = 0;
    while (take("!")) ++negations;
    if (take("(")) {
      if (++depth_ > PluralRule::kMaxDepth) return fail("plural form expression is too complex");
      choice();
      --depth_;
      if (!take(")")) return fail("unbalanced parenthesis in plural form");
    } else if (take("n")) {
      emit(Op::kN);
    } else {
      number();
    }
    for (; negations > 0; --negations) emit(Op::kNot);
  }

  void number() {
    peek();
    std::int64_t value = 0;
    const char* const end = rest_.data() + rest_.size();
    const auto [after, problem] = std::from_chars(rest_.data(), end, value);
    if (problem == std::errc::result_out_of_range) return fail("a number too large in plural form");
    if (problem != std::errc() || rest_.front() == '-') {
      return fail(rest_.empty() ? "unexpected end of plural form"
                                : "unexpected token in plural form");
    }
    rest_.remove_prefix(static_cast<std::size_t>(after - rest_.data()));
    steps_.push_back({Op::kNumber, value});
  }

  // Returns the remaining text, without leading blanks.
  std::string_view peek() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t')) {
      rest_.remove_prefix(1);
    }
    return rest_;
  }
  bool take(std::string_view token) {
    if (error_ != nullptr || !peek().starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }
  const Binary* operator_here() {
    const std::string_view here = peek();
    for (const Binary& candidate : kBinary) {
      if (here.starts_with(candidate.token)) return &candidate;
    }
    return nullptr;
  }

  void emit(Op op) { steps_.push_back({op}); }
  void fail(const char* why) {
    if (error_ == nullptr) error_ = why;
  }

  std::string_view rest_;
  std::vector<PluralRule::Step> steps_;
  const char* error_ = nullptr;
  int depth_ = 0;
};

PluralRule::PluralRule() : steps_{{Op::kN}, {Op::kNumber, 1}, {Op::kUnequal}} {}

const char* PluralRule::parse(std::string_view expression) {
  PluralParser parser(expression);
  if (const char* const why = parser.parse()) return why;
  steps_ = parser.take_steps();
  return nullptr;
}

std::int64_t PluralRule::apply(Op op, std::int64_t left, std::int64_t right) {
  // Unsigned, so that large numbers may wrap.
  const auto a = static_cast<std::uint64_t>(left);
  const auto b = static_cast<std::uint64_t>(right);
  switch (op) {
    case Op::kOr:
      return left != 0 || right != 0;
    case Op::kAnd:
      return left != 0 && right != 0;
    case Op::kEqual:
      return left == right;
    case Op::kUnequal:
      return left != right;
    case Op::kLess:
      return left < right;
    case Op::kGreater:
      return left > right;
    case Op::kLessEqual:
      return left <= right;
    case Op::kGreaterEqual:
      return left >= right;
    case Op::kAdd:
      return static_cast<std::int64_t>(a + b);
    case Op::kSubtract:
      return static_cast<std::int64_t>(a - b);
    case Op::kMultiply:
      return static_cast<std::int64_t>(a * b);
    case Op::kDivide: {
      if (right == 0) return 0;
      if (right == -1) return static_cast<std::int64_t>(0 - a);  // the only quotient that overflows
      return left / right - (left % right != 0 && (left < 0) != (right < 0) ? 1 : 0);
    }
    case Op::kModulo: {
      if (right == 0 || right == -1) return 0;
      const std::int64_t rest = left % right;
      return rest != 0 && (rest < 0) != (right < 0) ? rest + right : rest;
    }
    default:
      return 0;  // not a binary operator: operator() has handled it
  }
}

std::int64_t PluralRule::operator()(std::int64_t n) const {
  std::vector<std::int64_t> stack;
  stack.reserve(steps_.size());
  const auto pop = [&stack] {
    const std::int64_t value = stack.back();
    stack.pop_back();
    return value;
  };
  for (const Step& step : steps_) {
    switch (step.op) {
      case Op::kNumber:
        stack.push_back(step.number);
        break;
      case Op::kN:
        stack.push_back(n);
        break;
      case Op::kNot:
        stack.back() = stack.back() == 0;
        break;
      case Op::kChoose: {
        const std::int64_t otherwise = pop();
        const std::int64_t then = pop();
        stack.back() = stack.back() != 0 ? then : otherwise;
        break;
      }
      default: {
        const std::int64_t right = pop();
        stack.back() = apply(step.op, stack.back(), right);
      }
    }
  }
  return stack.back();
}

}  // namespace tornado::locale
