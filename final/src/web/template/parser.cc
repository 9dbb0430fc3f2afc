// Python's grammar, as far as template.h lists it.
#include "web/template/parser.h"

#include <algorithm>
#include <array>
#include <optional>

#include "web/template/lexer.h"
#include "web/template/nodes.h"

namespace tornado::template_::detail {
namespace {

constexpr int kDeepest = 100;     // nested parentheses and the like
constexpr int kMostLinks = 1000;  // operators in one expression: they form a chain

constexpr std::string_view kReserved[] = {
    "False", "None",     "True",  "and",    "as",   "assert", "async",  "await",    "break",
    "class", "continue", "def",   "del",    "elif", "else",   "except", "finally",  "for",
    "from",  "global",   "if",    "import", "in",   "is",     "lambda", "nonlocal", "not",
    "or",    "pass",     "raise", "return", "try",  "while",  "with",   "yield"};

struct BinaryOperator {
  std::string_view text;
  int precedence;
  Operator op;
};
constexpr BinaryOperator kBinary[] = {
    {"|", 1, Operator::kBitOr},       {"^", 2, Operator::kBitXor},
    {"&", 3, Operator::kBitAnd},      {"<<", 4, Operator::kShiftLeft},
    {">>", 4, Operator::kShiftRight}, {"+", 5, Operator::kAdd},
    {"-", 5, Operator::kSubtract},    {"*", 6, Operator::kMultiply},
    {"/", 6, Operator::kDivide},      {"//", 6, Operator::kFloorDivide},
    {"%", 6, Operator::kModulo}};

constexpr std::pair<std::string_view, Comparison> kComparisons[] = {
    {"==", Comparison::kEqual},  {"!=", Comparison::kNotEqual},
    {"<", Comparison::kLess},    {"<=", Comparison::kLessEqual},
    {">", Comparison::kGreater}, {">=", Comparison::kGreaterEqual}};

template <class Node, class... Args>
ExpressionPtr make(Args&&... args) {
  return std::make_unique<const Node>(std::forward<Args>(args)...);
}

class Parser {
 public:
  Parser(std::string_view text, Scope& scope) : tokens_(tokenize(text)), scope_(scope) {}

  // ---- statements

  ExpressionPtr whole() {
    ExpressionPtr result = list();
    end();
    return result;
  }

  Assignment assignment() {
    Assignment result;
    if (const auto op = augmented()) {
      const std::size_t slot = scope_.slot(identifier());
      ++at_;  // the operator
      result.targets.push_back({slot, {}});
      scope_.assigned().push_back(slot);
      result.value = make<Binary>(*op, make<Name>(slot), list());
    } else {
      while (has_equals()) {
        result.targets.push_back(targets());
        expect("=");
      }
      result.value = list();
    }
    end();
    return result;
  }

  Loop loop() {
    Loop result;
    result.target = targets();
    expect("in");
    result.items = list();
    end();
    return result;
  }

  std::vector<Import> imports() {
    std::vector<Import> result;
    const bool from = take("from");
    std::string module;
    if (from) module = dotted();
    expect("import");
    const bool parenthesis = from && take("(");
    do {
      Import import;
      std::string bound;
      if (from) {
        import.module = module;
        import.member = bound = identifier();
      } else {
        import.module = dotted();
        bound = import.module.substr(0, import.module.find('.'));
      }
      if (take("as")) {
        bound = identifier();
      } else if (!from) {
        import.module = bound;  // `import a.b` binds a, which has b as an attribute
      }
      import.slot = scope_.slot(bound);
      scope_.assigned().push_back(import.slot);
      result.push_back(std::move(import));
    } while (take(","));
    if (parenthesis) expect(")");
    end();
    return result;
  }

  ExceptClause except() {
    ExceptClause result;
    if (tokens_[at_].kind == Token::Kind::kEnd) return result;
    const bool several = take("(");
    do {
      const std::string name = dotted();
      result.names.push_back(name.substr(name.rfind('.') + 1));
    } while (several && take(","));
    if (several) expect(")");
    if (take("as")) {
      result.has_slot = true;
      result.slot = scope_.slot(identifier());
      scope_.assigned().push_back(result.slot);
    }
    end();
    return result;
  }

 private:
  // ---- words

  [[noreturn]] void wrong() const {
    const Token& token = tokens_[at_];
    if (token.kind == Token::Kind::kEnd)
      throw SyntaxError("unexpected end of expression", token.line);
    throw SyntaxError("invalid syntax near '" + std::string(token.text) + "'", token.line);
  }

  bool is(std::string_view word) const {
    const Token& token = tokens_[at_];
    return token.kind != Token::Kind::kValue && token.kind != Token::Kind::kEnd &&
           token.text == word;
  }
  bool take(std::string_view word) {
    if (!is(word)) return false;
    ++at_;
    return true;
  }
  void expect(std::string_view word) {
    if (!take(word)) wrong();
  }
  void end() const {
    if (tokens_[at_].kind != Token::Kind::kEnd) wrong();
  }

  static bool is_reserved(std::string_view word) {
    return std::find(std::begin(kReserved), std::end(kReserved), word) != std::end(kReserved);
  }

  std::string identifier() {
    const Token& token = tokens_[at_];
    if (token.kind != Token::Kind::kName || is_reserved(token.text)) wrong();
    ++at_;
    return std::string(token.text);
  }

  std::string dotted() {
    std::string name = identifier();
    while (take(".")) name += "." + identifier();
    return name;
  }

  // Whether a list of expressions ends here.
  bool at_end_of_list() const {
    static constexpr std::string_view kEnds[] = {")", "]", "}", "=", ":", "for", "if", "else"};
    return tokens_[at_].kind == Token::Kind::kEnd ||
           std::any_of(std::begin(kEnds), std::end(kEnds), [&](auto word) { return is(word); });
  }

  // ---- targets

  // Whether an "=" follows that is not inside brackets.
  bool has_equals() const {
    int depth = 0;
    for (std::size_t i = at_; i < tokens_.size(); ++i) {
      const Token& token = tokens_[i];
      if (token.kind == Token::Kind::kName && token.text == "lambda") return false;
      if (token.kind != Token::Kind::kOperator) continue;
      if (token.text == "=" && depth == 0) return true;
      if (std::string_view("([{").find(token.text) != std::string_view::npos) ++depth;
      if (std::string_view(")]}").find(token.text) != std::string_view::npos) --depth;
    }
    return false;
  }

  // `+=` and the like, as the second word.
  std::optional<Operator> augmented() const {
    if (tokens_.size() < 2 || tokens_[1].kind != Token::Kind::kOperator) return std::nullopt;
    std::string_view text = tokens_[1].text;
    if (text == "**=") return Operator::kPower;
    if (text.size() < 2 || text.back() != '=') return std::nullopt;
    text.remove_suffix(1);
    for (const BinaryOperator& known : kBinary) {
      if (known.text == text) return known.op;
    }
    return std::nullopt;
  }

  Target target() {
    const Nesting nesting(*this);
    Target result;
    const bool round = take("(");
    if (round || take("[")) {
      result = targets();
      expect(round ? ")" : "]");
      return result;
    }
    const Token& token = tokens_[at_];
    result.slot = scope_.slot(identifier());
    scope_.assigned().push_back(result.slot);
    if (is(".") || is("[")) {
      throw SyntaxError("a template sets variables only; values do not change", token.line);
    }
    return result;
  }

  Target targets() {
    Target first = target();
    if (!is(",")) return first;
    Target all;
    all.parts.push_back(std::move(first));
    while (take(",")) {
      if (is("in") || is("=") || is(")") || is("]")) break;
      all.parts.push_back(target());
    }
    return all;
  }

  // ---- expressions

  class Nesting {
   public:
    explicit Nesting(Parser& parser) : parser_(parser) {
      if (++parser.depth_ > kDeepest) {
        throw SyntaxError("nested deeper than 100", parser.tokens_[parser.at_].line);
      }
    }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;
    ~Nesting() { --parser_.depth_; }

   private:
    Parser& parser_;
  };

  void count_link() {
    if (++links_ > kMostLinks) {
      throw SyntaxError("more than 1000 operators in one expression", tokens_[at_].line);
    }
  }

  // a, b: a tuple without parentheses; or one expression.
  ExpressionPtr list() {
    ExpressionPtr first = expression();
    if (!is(",")) return first;
    std::vector<ExpressionPtr> items;
    items.push_back(std::move(first));
    while (take(",")) {
      if (at_end_of_list()) break;
      items.push_back(expression());
    }
    return make<Sequence>(true, std::move(items));
  }

  ExpressionPtr expression() {
    const Nesting nesting(*this);
    if (take("lambda")) return lambda();
    ExpressionPtr value = logical(false);
    if (!is("if") || in_clause_) return value;
    ++at_;
    count_link();
    ExpressionPtr test = logical(false);
    expect("else");
    return make<Conditional>(std::move(test), std::move(value), expression());
  }

  ExpressionPtr lambda() {
    std::vector<std::size_t> parameters;
    const std::size_t mark = scope_.assigned().size();
    while (!is(":")) {
      parameters.push_back(scope_.slot(identifier()));
      if (!take(",")) break;
    }
    expect(":");
    ExpressionPtr body = expression();
    scope_.assigned().resize(mark);
    return make<Lambda>(std::move(parameters), std::move(body));
  }

  ExpressionPtr logical(bool is_and) {
    const auto operand = [&] { return is_and ? negation() : logical(true); };
    const std::string_view word = is_and ? "and" : "or";
    ExpressionPtr first = operand();
    if (!is(word)) return first;
    std::vector<ExpressionPtr> operands;
    operands.push_back(std::move(first));
    while (take(word)) {
      count_link();
      operands.push_back(operand());
    }
    return make<Logical>(is_and, std::move(operands));
  }

  ExpressionPtr negation() {
    const Nesting nesting(*this);
    if (take("not")) return make<Unary>(Unary::Kind::kNot, negation());
    return comparison();
  }

  std::optional<Comparison> comparison_word() {
    for (const auto& [text, op] : kComparisons) {
      if (take(text)) return op;
    }
    if (take("in")) return Comparison::kIn;
    if (is("not") && tokens_[at_ + 1].text == "in") {
      at_ += 2;
      return Comparison::kNotIn;
    }
    if (take("is")) return take("not") ? Comparison::kIsNot : Comparison::kIs;
    return std::nullopt;
  }

  ExpressionPtr comparison() {
    ExpressionPtr first = binary(1);
    std::vector<Compare::Link> links;
    while (const auto op = comparison_word()) {
      count_link();
      links.emplace_back(*op, binary(1));
    }
    if (links.empty()) return first;
    return make<Compare>(std::move(first), std::move(links));
  }

  const BinaryOperator* binary_word(int lowest) const {
    for (const BinaryOperator& known : kBinary) {
      if (known.precedence >= lowest && is(known.text)) return &known;
    }
    return nullptr;
  }

  ExpressionPtr binary(int lowest) {
    ExpressionPtr left = unary();
    while (const BinaryOperator* word = binary_word(lowest)) {
      ++at_;
      count_link();
      left = make<Binary>(word->op, std::move(left), binary(word->precedence + 1));
    }
    return left;
  }

  ExpressionPtr unary() {
    const Nesting nesting(*this);
    if (take("-")) return make<Unary>(Unary::Kind::kMinus, unary());
    if (take("+")) return make<Unary>(Unary::Kind::kPlus, unary());
    if (take("~")) return make<Unary>(Unary::Kind::kInvert, unary());
    ExpressionPtr base = postfix();
    if (!take("**")) return base;
    return make<Binary>(Operator::kPower, std::move(base), unary());
  }

  ExpressionPtr postfix() {
    ExpressionPtr value = atom();
    for (;;) {
      if (take(".")) {
        value = make<Attribute>(std::move(value), identifier());
      } else if (take("(")) {
        value = call(std::move(value));
      } else if (take("[")) {
        value = subscript(std::move(value));
      } else {
        return value;
      }
      count_link();
    }
  }

  ExpressionPtr call(ExpressionPtr callee) {
    const Outside outside(*this);
    std::vector<Call::Argument> arguments;
    while (!take(")")) {
      Call::Argument argument;
      if (take("**")) {
        argument.kind = Call::Argument::Kind::kDict;
      } else if (take("*")) {
        argument.kind = Call::Argument::Kind::kList;
      } else if (tokens_[at_].kind == Token::Kind::kName && tokens_[at_ + 1].text == "=" &&
                 tokens_[at_ + 1].kind == Token::Kind::kOperator) {
        argument.kind = Call::Argument::Kind::kKeyword;
        argument.name = identifier();
        ++at_;
      }
      const std::size_t mark = scope_.assigned().size();
      argument.value = expression();
      if (is("for")) {
        if (!arguments.empty()) wrong();  // a generator must be the only argument
        argument.value = comprehension(nullptr, std::move(argument.value), mark);
        if (!is(")")) wrong();
      }
      arguments.push_back(std::move(argument));
      if (!take(",") && !is(")")) wrong();
    }
    return make<Call>(std::move(callee), std::move(arguments));
  }

  ExpressionPtr subscript(ExpressionPtr base) {
    const Outside outside(*this);
    std::array<ExpressionPtr, 3> parts;
    std::size_t part = 0;
    bool is_slice = false;
    while (!is("]")) {
      if (take(":")) {
        is_slice = true;
        if (++part == parts.size()) wrong();
      } else if (parts[part] == nullptr) {
        parts[part] = list();
      } else {
        wrong();
      }
    }
    if (!is_slice && parts[0] == nullptr) wrong();
    expect("]");
    if (!is_slice) return make<Index>(std::move(base), std::move(parts[0]));
    return make<Slice>(std::move(base), std::move(parts[0]), std::move(parts[1]),
                       std::move(parts[2]));
  }

  // ---- atoms

  // Inside brackets an `if` is a condition again, even in a comprehension's clause.
  class Outside {
   public:
    explicit Outside(Parser& parser) : parser_(parser), before_(parser.in_clause_) {
      parser.in_clause_ = false;
    }
    Outside(const Outside&) = delete;
    Outside& operator=(const Outside&) = delete;
    ~Outside() { parser_.in_clause_ = before_; }

   private:
    Parser& parser_;
    bool before_;
  };

  ExpressionPtr atom() {
    const Token& token = tokens_[at_];
    if (token.kind == Token::Kind::kValue) return literal();
    if (take("(")) return parenthesis();
    if (take("[")) return list_display();
    if (take("{")) return dict_display();
    if (take("None")) return make<Constant>(Value());
    if (take("True")) return make<Constant>(Value(true));
    if (take("False")) return make<Constant>(Value(false));
    return make<Name>(scope_.slot(identifier()));
  }

  ExpressionPtr literal() {
    Value value = tokens_[at_++].value;
    while (is_text(value) && tokens_[at_].kind == Token::Kind::kValue &&
           is_text(tokens_[at_].value)) {
      value = text_of(value) + text_of(tokens_[at_++].value);
    }
    return make<Constant>(std::move(value));
  }

  ExpressionPtr parenthesis() {
    const Outside outside(*this);
    if (take(")")) return make<Sequence>(true, std::vector<ExpressionPtr>());
    const std::size_t mark = scope_.assigned().size();
    ExpressionPtr value = list();
    if (is("for")) value = comprehension(nullptr, std::move(value), mark);
    expect(")");
    return value;
  }

  ExpressionPtr list_display() {
    const Outside outside(*this);
    std::vector<ExpressionPtr> items;
    const std::size_t mark = scope_.assigned().size();
    while (!take("]")) {
      items.push_back(expression());
      if (is("for") && items.size() == 1) {
        ExpressionPtr result = comprehension(nullptr, std::move(items[0]), mark);
        expect("]");
        return result;
      }
      if (!take(",") && !is("]")) wrong();
    }
    return make<Sequence>(false, std::move(items));
  }

  ExpressionPtr dict_display() {
    const Outside outside(*this);
    std::vector<Dict::Item> items;
    const std::size_t mark = scope_.assigned().size();
    while (!take("}")) {
      ExpressionPtr key = expression();
      if (!is(":")) {
        throw SyntaxError("sets are not known here: use a list or a dict", tokens_[at_].line);
      }
      ++at_;
      ExpressionPtr value = expression();
      if (is("for") && items.empty()) {
        ExpressionPtr result = comprehension(std::move(key), std::move(value), mark);
        expect("}");
        return result;
      }
      items.emplace_back(std::move(key), std::move(value));
      if (!take(",") && !is("}")) wrong();
    }
    return make<Dict>(std::move(items));
  }

  // Parses from the first `for` on. Its variables are local to the comprehension.
  ExpressionPtr comprehension(ExpressionPtr key, ExpressionPtr element, std::size_t mark) {
    std::vector<Comprehension::Clause> clauses;
    while (take("for")) {
      count_link();
      if (clauses.size() == 20) throw SyntaxError("more than 20 for clauses", tokens_[at_].line);
      Comprehension::Clause clause;
      clause.target = targets();
      expect("in");
      in_clause_ = true;
      clause.items = expression();
      while (take("if")) clause.tests.push_back(expression());
      in_clause_ = false;
      clauses.push_back(std::move(clause));
    }
    auto& assigned = scope_.assigned();
    std::vector<std::size_t> slots(assigned.begin() + static_cast<std::ptrdiff_t>(mark),
                                   assigned.end());
    assigned.resize(mark);
    return make<Comprehension>(std::move(key), std::move(element), std::move(clauses),
                               std::move(slots));
  }

  std::vector<Token> tokens_;
  Scope& scope_;
  std::size_t at_ = 0;
  int depth_ = 0;
  int links_ = 0;
  bool in_clause_ = false;  // after a comprehension's `in`, an `if` begins the next test
};

}  // namespace

ExpressionPtr parse_expression(std::string_view text, Scope& scope) {
  return Parser(text, scope).whole();
}

Assignment parse_assignment(std::string_view text, Scope& scope) {
  return Parser(text, scope).assignment();
}

Loop parse_loop(std::string_view text, Scope& scope) {
  return Parser(text, scope).loop();
}

std::vector<Import> parse_import(std::string_view text, Scope& scope) {
  return Parser(text, scope).imports();
}

ExceptClause parse_except(std::string_view text, Scope& scope) {
  return Parser(text, scope).except();
}

}  // namespace tornado::template_::detail
