// Python's grammar, as far as template.h lists it.
#include "web/template/parser.h"

#include <algorithm>
#include <optional>

#include "web/template/format.h"
#include "web/template/lexer.h"

namespace tornado::template_::detail {

std::size_t Scope::slot(std::string_view name) {
  const auto found = std::find(names_.begin(), names_.end(), name);
  if (found == names_.end()) {
    names_.emplace_back(name);
    return names_.size() - 1;
  }
  return static_cast<std::size_t>(found - names_.begin());
}

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
  std::string_view assigning;
  int precedence;
  Operator op;
};
constexpr BinaryOperator kBinary[] = {
    {"+", "+=", 1, Operator::kAdd},           {"-", "-=", 1, Operator::kSubtract},
    {"*", "*=", 2, Operator::kMultiply},      {"/", "/=", 2, Operator::kDivide},
    {"//", "//=", 2, Operator::kFloorDivide}, {"%", "%=", 2, Operator::kModulo},
    {"**", "**=", 0, Operator::kPower}};

constexpr std::pair<std::string_view, Operator> kComparisons[] = {
    {"==", Operator::kEqual},     {"!=", Operator::kNotEqual}, {"<", Operator::kLess},
    {"<=", Operator::kLessEqual}, {">", Operator::kGreater},   {">=", Operator::kGreaterEqual}};

Expression constant(Value value) {
  Expression result;
  result.constant = std::move(value);
  return result;
}

template <class... Parts>
Expression node(ExpressionKind kind, Parts... parts) {
  Expression result;
  result.kind = kind;
  result.parts.reserve(sizeof...(Parts));
  (result.parts.push_back(std::move(parts)), ...);
  return result;
}

bool is_text_constant(const Expression& expression) {
  return expression.kind == ExpressionKind::kConstant && is_text(expression.constant);
}

class Parser {
 public:
  Parser(std::string_view text, Scope& scope) : tokens_(tokenize(text)), scope_(scope) {}

  // ---- statements

  Expression whole() {
    Expression result = list();
    end();
    return result;
  }

  Assignment assignment() {
    Assignment result;
    result.value = list();
    if (const BinaryOperator* word = assigning_word(); word != nullptr) {
      if (result.value.kind != ExpressionKind::kName) wrong();
      ++at_;
      result.targets.push_back(target_of(result.value));
      result.value = binary_node(word->op, std::move(result.value), list());
    }
    while (take("=")) result.targets.push_back(target_of(std::exchange(result.value, list())));
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
      import.slot = assigned_slot(bound);
      import.first_slot = scope_.slot(import.module.substr(0, import.module.find('.')));
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
      result.slot = assigned_slot(identifier());
    }
    end();
    return result;
  }

 private:
  // ---- words

  [[noreturn]] void refuse(const std::string& message) const {
    throw SyntaxError(message, tokens_[at_].line);
  }

  [[noreturn]] void wrong() const {
    const Token& token = tokens_[at_];
    if (token.kind == Token::Kind::kEnd) refuse("unexpected end of expression");
    refuse("invalid syntax near '" + std::string(token.text) + "'");
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

  std::string identifier() {
    const Token& token = tokens_[at_];
    const bool is_reserved =
        std::find(std::begin(kReserved), std::end(kReserved), token.text) != std::end(kReserved);
    if (token.kind != Token::Kind::kName || is_reserved) wrong();
    ++at_;
    return std::string(token.text);
  }

  std::string dotted() {
    std::string name = identifier();
    while (take(".")) name += "." + identifier();
    return name;
  }

  // ---- targets

  std::size_t assigned_slot(const std::string& name) {
    const std::size_t slot = scope_.slot(name);
    scope_.assigned().push_back(slot);
    return slot;
  }

  // Returns the expression, which is to be assigned to.
  Expression target_of(Expression expression) {
    note_target(expression);
    return expression;
  }

  void note_target(const Expression& expression) {
    if (expression.kind == ExpressionKind::kName) {
      scope_.assigned().push_back(expression.slot);
    } else if (expression.kind == ExpressionKind::kTuple ||
               expression.kind == ExpressionKind::kList) {
      for (const Expression& part : expression.parts) note_target(part);
    } else {
      refuse("templates assign to variables only, because values are immutable");
    }
  }

  Expression targets() {
    Expression first = atom();
    if (!is(",")) return target_of(std::move(first));
    Expression all = node(ExpressionKind::kTuple, std::move(first));
    while (take(",") && !is("in")) all.parts.push_back(atom());
    return target_of(std::move(all));
  }

  const BinaryOperator* assigning_word() const {
    for (const BinaryOperator& known : kBinary) {
      if (is(known.assigning)) return &known;
    }
    return nullptr;
  }

  // ---- expressions

  class Nesting {
   public:
    explicit Nesting(Parser& parser) : parser_(parser) {
      if (++parser.depth_ > kDeepest) parser.refuse("nested deeper than 100");
    }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;
    ~Nesting() { --parser_.depth_; }

   private:
    Parser& parser_;
  };

  void count_link() {
    if (++links_ > kMostLinks) refuse("more than 1000 operators in one expression");
  }

  // a, b: a tuple without parentheses; or one expression.
  Expression list() {
    Expression first = expression();
    if (!is(",")) return first;
    Expression all = node(ExpressionKind::kTuple, std::move(first));
    while (take(",")) {
      static constexpr std::string_view kEnds[] = {")", "]", "="};
      const bool ends = tokens_[at_].kind == Token::Kind::kEnd ||
                        std::any_of(std::begin(kEnds), std::end(kEnds),
                                    [&](std::string_view word) { return is(word); });
      if (ends) break;
      all.parts.push_back(expression());
    }
    return all;
  }

  Expression expression() {
    const Nesting nesting(*this);
    if (is("lambda")) {
      refuse("templates have no lambda: use a comprehension, or pass a function to the template");
    }
    Expression value = logical(ExpressionKind::kOr);
    if (!take("if")) return value;
    count_link();
    Expression test = logical(ExpressionKind::kOr);
    expect("else");
    return node(ExpressionKind::kConditional, std::move(test), std::move(value), expression());
  }

  Expression logical(ExpressionKind kind) {
    const bool is_and = kind == ExpressionKind::kAnd;
    const auto operand = [&] { return is_and ? negation() : logical(ExpressionKind::kAnd); };
    Expression first = operand();
    if (!is(is_and ? "and" : "or")) return first;
    Expression all = node(kind, std::move(first));
    while (take(is_and ? "and" : "or")) {
      count_link();
      all.parts.push_back(operand());
    }
    return all;
  }

  Expression negation() {
    if (!take("not")) return comparison();
    const Nesting nesting(*this);
    return node(ExpressionKind::kNot, negation());
  }

  std::optional<Operator> comparison_word() {
    for (const auto& [text, op] : kComparisons) {
      if (take(text)) return op;
    }
    if (take("in")) return Operator::kIn;
    if (is("not") && tokens_[at_ + 1].text == "in") {
      at_ += 2;
      return Operator::kNotIn;
    }
    if (take("is")) return take("not") ? Operator::kIsNot : Operator::kIs;
    return std::nullopt;
  }

  Expression comparison() {
    Expression all = node(ExpressionKind::kCompare, binary(1));
    while (const auto op = comparison_word()) {
      count_link();
      all.operators.push_back(*op);
      all.parts.push_back(binary(1));
    }
    return all.operators.empty() ? std::move(all.parts[0]) : std::move(all);
  }

  Expression binary_node(Operator op, Expression left, Expression right) {
    if (op == Operator::kModulo && is_text_constant(left)) {
      check_text(check_percent_format, left);
    }
    Expression result = node(ExpressionKind::kBinary, std::move(left), std::move(right));
    result.operators.push_back(op);
    return result;
  }

  // A text that has fields is checked when it is compiled, if it is known.
  void check_text(void (*check)(std::string_view), const Expression& text) const {
    try {
      check(text_of(text.constant));
    } catch (const RenderError& error) {
      refuse(error.message());
    }
  }

  const BinaryOperator* binary_word(int lowest) const {
    for (const BinaryOperator& known : kBinary) {
      if (known.precedence >= lowest && is(known.text)) return &known;
    }
    return nullptr;
  }

  Expression binary(int lowest) {
    Expression left = unary();
    while (const BinaryOperator* word = binary_word(lowest)) {
      ++at_;
      count_link();
      left = binary_node(word->op, std::move(left), binary(word->precedence + 1));
    }
    return left;
  }

  Expression unary() {
    if (is("-") || is("+")) {
      const Nesting nesting(*this);
      const bool plus = take("+");
      if (!plus) take("-");
      Expression negative = node(ExpressionKind::kNegative, unary());
      return plus ? node(ExpressionKind::kNegative, std::move(negative)) : negative;
    }
    Expression base = postfix();
    if (!take("**")) return base;
    const Nesting nesting(*this);
    return binary_node(Operator::kPower, std::move(base), unary());
  }

  Expression postfix() {
    Expression value = atom();
    for (;;) {
      if (take(".")) {
        value = node(ExpressionKind::kAttribute, std::move(value));
        value.name = identifier();
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

  Expression call(Expression callee) {
    if (callee.kind == ExpressionKind::kAttribute && callee.name == "format" &&
        is_text_constant(callee.parts[0])) {
      check_text(check_brace_format, callee.parts[0]);
    }
    Expression result = node(ExpressionKind::kCall, std::move(callee));
    while (!take(")")) {
      if (is("*") || is("**")) refuse("templates have no * and ** in calls: name the arguments");
      const bool has_keyword = tokens_[at_].kind == Token::Kind::kName &&
                               tokens_[at_ + 1].kind == Token::Kind::kOperator &&
                               tokens_[at_ + 1].text == "=";
      if (has_keyword) {
        result.keywords.push_back(identifier());
        ++at_;
      } else if (!result.keywords.empty()) {
        refuse("a positional argument follows a keyword argument");
      }
      const std::size_t mark = scope_.assigned().size();
      Expression value = expression();
      if (is("for")) {
        if (result.parts.size() > 1) wrong();  // a generator must be the only argument
        value = comprehension(node(ExpressionKind::kListComprehension, std::move(value)), mark);
        if (!is(")")) wrong();
      }
      result.parts.push_back(std::move(value));
      if (!take(",") && !is(")")) wrong();
    }
    return result;
  }

  Expression subscript(Expression base) {
    Expression parts[3];  // None, if nothing is said
    std::size_t part = 0;
    bool is_empty = true;
    for (; !is("]"); is_empty = false) {
      if (take(":")) {
        if (++part == std::size(parts)) wrong();
      } else if (is_empty || tokens_[at_ - 1].text == ":") {
        parts[part] = list();
      } else {
        wrong();
      }
    }
    if (is_empty) wrong();
    expect("]");
    if (part == 0) return node(ExpressionKind::kIndex, std::move(base), std::move(parts[0]));
    return node(ExpressionKind::kSlice, std::move(base), std::move(parts[0]), std::move(parts[1]),
                std::move(parts[2]));
  }

  // ---- atoms

  Expression atom() {
    const Token& token = tokens_[at_];
    if (token.kind == Token::Kind::kValue) return literal();
    if (take("(")) return parenthesis();
    if (take("[")) return list_display();
    if (take("{")) return dict_display();
    if (take("None")) return constant(Value());
    if (take("True")) return constant(Value(true));
    if (take("False")) return constant(Value(false));
    Expression name;
    name.kind = ExpressionKind::kName;
    name.slot = scope_.slot(identifier());
    return name;
  }

  // A number, a string, or strings beside each other, which are one.
  Expression literal() {
    Value value = tokens_[at_++].value;
    while (is_text(value) && is_text(tokens_[at_].value)) {
      value = text_of(value) + text_of(tokens_[at_++].value);
    }
    return constant(std::move(value));
  }

  Expression parenthesis() {
    if (take(")")) return node(ExpressionKind::kTuple);
    const std::size_t mark = scope_.assigned().size();
    Expression value = list();
    if (is("for"))
      value = comprehension(node(ExpressionKind::kListComprehension, std::move(value)), mark);
    expect(")");
    return value;
  }

  Expression list_display() {
    Expression result = node(ExpressionKind::kList);
    const std::size_t mark = scope_.assigned().size();
    while (!take("]")) {
      result.parts.push_back(expression());
      if (is("for") && result.parts.size() == 1) {
        result.kind = ExpressionKind::kListComprehension;
        result = comprehension(std::move(result), mark);
        expect("]");
        return result;
      }
      if (!take(",") && !is("]")) wrong();
    }
    return result;
  }

  Expression dict_display() {
    Expression result = node(ExpressionKind::kDict);
    const std::size_t mark = scope_.assigned().size();
    while (!take("}")) {
      result.parts.push_back(expression());
      if (!take(":")) refuse("templates have no sets: use a list or a dict");
      result.parts.push_back(expression());
      if (is("for") && result.parts.size() == 2) {
        result.kind = ExpressionKind::kDictComprehension;
        result = comprehension(std::move(result), mark);
        expect("}");
        return result;
      }
      if (!take(",") && !is("}")) wrong();
    }
    return result;
  }

  // Parses the clauses, from the first `for` on. Their variables are local to the comprehension.
  Expression comprehension(Expression result, std::size_t mark) {
    const std::size_t first = result.parts.size();
    while (take("for")) {
      count_link();
      if (result.parts.size() == first + 20) refuse("more than 20 for clauses");
      Expression clause = node(ExpressionKind::kClause, targets());
      expect("in");
      clause.parts.push_back(logical(ExpressionKind::kOr));
      while (take("if")) clause.parts.push_back(logical(ExpressionKind::kOr));
      result.parts.push_back(std::move(clause));
    }
    result.locals = scope_.assigned_since(mark);
    scope_.assigned().resize(mark);
    return result;
  }

  std::vector<Token> tokens_;
  Scope& scope_;
  std::size_t at_ = 0;
  int depth_ = 0;
  int links_ = 0;
};

}  // namespace

Expression parse_expression(std::string_view text, Scope& scope) {
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
