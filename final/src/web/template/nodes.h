// Internal header: the parts of an expression, as they are evaluated.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "web/template/expression.h"
#include "web/template/operations.h"

namespace tornado::template_::detail {

class Constant final : public Expression {
 public:
  explicit Constant(Value value) : value_(std::move(value)) {}
  const Value& see(Frame&, Value&) const override { return value_; }

 private:
  Value value_;
};

class Name final : public Expression {
 public:
  explicit Name(std::size_t slot) : slot_(slot) {}
  const Value& see(Frame& frame, Value&) const override { return frame.read(slot_); }

 private:
  std::size_t slot_;
};

class Attribute final : public Expression {
 public:
  Attribute(ExpressionPtr base, std::string name)
      : base_(std::move(base)), name_(std::move(name)) {}
  const Value& see(Frame& frame, Value& scratch) const override;
  const Expression& base() const noexcept { return *base_; }
  const std::string& name() const noexcept { return name_; }

 private:
  ExpressionPtr base_;
  std::string name_;
};

class Index final : public Expression {
 public:
  Index(ExpressionPtr base, ExpressionPtr index)
      : base_(std::move(base)), index_(std::move(index)) {}
  const Value& see(Frame& frame, Value& scratch) const override;

 private:
  ExpressionPtr base_;
  ExpressionPtr index_;
};

class Slice final : public Expression {
 public:
  Slice(ExpressionPtr base, ExpressionPtr start, ExpressionPtr stop, ExpressionPtr step)
      : base_(std::move(base)),
        start_(std::move(start)),
        stop_(std::move(stop)),
        step_(std::move(step)) {}
  const Value& see(Frame& frame, Value& scratch) const override;

 private:
  ExpressionPtr base_;
  ExpressionPtr start_;  // null if omitted
  ExpressionPtr stop_;
  ExpressionPtr step_;
};

class Call final : public Expression {
 public:
  struct Argument {
    enum class Kind : std::uint8_t { kPositional, kKeyword, kList, kDict };  // x, a=x, *x, **x
    Kind kind = Kind::kPositional;
    std::string name;
    ExpressionPtr value;
  };
  Call(ExpressionPtr callee, std::vector<Argument> arguments);
  const Value& see(Frame& frame, Value& scratch) const override;

 private:
  Arguments evaluate(Frame& frame) const;

  ExpressionPtr callee_;
  const Attribute* method_;  // callee_, if it is an Attribute
  std::vector<Argument> arguments_;
};

class Binary final : public Expression {
 public:
  Binary(Operator op, ExpressionPtr left, ExpressionPtr right)
      : op_(op), left_(std::move(left)), right_(std::move(right)) {}
  const Value& see(Frame& frame, Value& scratch) const override;

 private:
  Operator op_;
  ExpressionPtr left_;
  ExpressionPtr right_;
};

class Unary final : public Expression {
 public:
  enum class Kind : std::uint8_t { kMinus, kPlus, kInvert, kNot };
  Unary(Kind kind, ExpressionPtr operand) : kind_(kind), operand_(std::move(operand)) {}
  const Value& see(Frame& frame, Value& scratch) const override;

 private:
  Kind kind_;
  ExpressionPtr operand_;
};

class Logical final : public Expression {
 public:
  Logical(bool is_and, std::vector<ExpressionPtr> operands)
      : is_and_(is_and), operands_(std::move(operands)) {}
  const Value& see(Frame& frame, Value& scratch) const override;

 private:
  bool is_and_;
  std::vector<ExpressionPtr> operands_;
};

class Compare final : public Expression {
 public:
  using Link = std::pair<Comparison, ExpressionPtr>;
  Compare(ExpressionPtr first, std::vector<Link> links)
      : first_(std::move(first)), links_(std::move(links)) {}
  const Value& see(Frame& frame, Value& scratch) const override;

 private:
  ExpressionPtr first_;
  std::vector<Link> links_;
};

class Conditional final : public Expression {
 public:
  Conditional(ExpressionPtr test, ExpressionPtr yes, ExpressionPtr no)
      : test_(std::move(test)), yes_(std::move(yes)), no_(std::move(no)) {}
  const Value& see(Frame& frame, Value& scratch) const override;

 private:
  ExpressionPtr test_;
  ExpressionPtr yes_;
  ExpressionPtr no_;
};

class Sequence final : public Expression {
 public:
  Sequence(bool is_tuple, std::vector<ExpressionPtr> items)
      : is_tuple_(is_tuple), items_(std::move(items)) {}
  const Value& see(Frame& frame, Value& scratch) const override;

 private:
  bool is_tuple_;
  std::vector<ExpressionPtr> items_;
};

class Dict final : public Expression {
 public:
  using Item = std::pair<ExpressionPtr, ExpressionPtr>;
  explicit Dict(std::vector<Item> items) : items_(std::move(items)) {}
  const Value& see(Frame& frame, Value& scratch) const override;

 private:
  std::vector<Item> items_;
};

// [element for target in items if test]; with a key it makes a dict.
class Comprehension final : public Expression {
 public:
  struct Clause {
    Target target;
    ExpressionPtr items;
    std::vector<ExpressionPtr> tests;
  };
  Comprehension(ExpressionPtr key, ExpressionPtr element, std::vector<Clause> clauses,
                std::vector<std::size_t> slots)
      : key_(std::move(key)),
        element_(std::move(element)),
        clauses_(std::move(clauses)),
        slots_(std::move(slots)) {}
  const Value& see(Frame& frame, Value& scratch) const override;

 private:
  struct Results;
  void run(Frame& frame, std::size_t clause, Results& results) const;

  ExpressionPtr key_;  // or null
  ExpressionPtr element_;
  std::vector<Clause> clauses_;
  std::vector<std::size_t> slots_;
};

class Lambda final : public Expression {
 public:
  Lambda(std::vector<std::size_t> parameters, ExpressionPtr body)
      : parameters_(std::move(parameters)), body_(std::move(body)) {}
  const Value& see(Frame& frame, Value& scratch) const override;

 private:
  class Function;
  std::vector<std::size_t> parameters_;
  ExpressionPtr body_;
};

}  // namespace tornado::template_::detail
