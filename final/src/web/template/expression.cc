#include "web/template/expression.h"

#include "web/template/builtins.h"
#include "web/template/methods.h"

namespace tornado::template_::detail {

// ---- frames -------------------------------------------------------------------------------------

void Frame::resolve(std::size_t slot) {
  const std::string& name = slot_names_[slot];
  const Value* found = names_.find(name);
  if (found == nullptr && loader_names_ != nullptr) found = loader_names_->find(name);
  if (found == nullptr) found = find_builtin(name);
  if (found == nullptr) {
    fail("NameError", "name '" + name + "' is not defined" + hint_for_name(name));
  }
  write(slot, *found);
}

SavedSlots::SavedSlots(Frame& frame, const std::vector<std::size_t>& slots)
    : frame_(frame), slots_(slots) {
  saved_.reserve(slots.size());
  for (const std::size_t slot : slots) saved_.push_back(frame.slots[slot]);
}

SavedSlots::~SavedSlots() {
  for (std::size_t i = slots_.size(); i-- > 0;) frame_.slots[slots_[i]] = std::move(saved_[i]);
}

void assign(const Expression& target, Frame& frame, const Value& value) {
  if (target.kind == ExpressionKind::kName) {
    frame.write(target.slot, value);
    return;
  }
  const std::vector<Value> items = to_items(value);
  const std::size_t wanted = target.parts.size();
  if (items.size() != wanted) {
    fail("ValueError", std::string(items.size() < wanted ? "not enough" : "too many") +
                           " values to unpack (expected " + std::to_string(wanted) + ", got " +
                           std::to_string(items.size()) + ")");
  }
  for (std::size_t i = 0; i < wanted; ++i) assign(target.parts[i], frame, items[i]);
}

// ---- evaluation ---------------------------------------------------------------------------------

namespace {

const Value& see_attribute(const Expression& expression, Frame& frame, Value& scratch) {
  Value mine;
  const Value& base = see(expression.parts[0], frame, mine);
  // The common case of a row that is a dict: avoids a copy.
  if (base.type() == Type::kDict && &base != &mine) {
    if (const Value* found = dict_of(base).find(std::string_view(expression.name))) return *found;
  }
  scratch = attribute(base, expression.name);
  return scratch;
}

const Value& see_item(const Expression& expression, Frame& frame, Value& scratch) {
  Value mine;
  Value mine_too;
  const Value& base = see(expression.parts[0], frame, mine);
  const Value& index = see(expression.parts[1], frame, mine_too);
  if (&base != &mine) {
    if (base.type() == Type::kDict) {
      if (const Value* found = dict_of(base).find(index)) return *found;
    } else if (base.type() == Type::kList) {
      const auto& items = items_of(base);
      return items[place(index, items.size(), "list")];
    }
  }
  scratch = item(base, index);
  return scratch;
}

// Returns the first operand that decides, or the last.
const Value& see_logical(const Expression& expression, Frame& frame, Value& scratch) {
  const bool is_and = expression.kind == ExpressionKind::kAnd;
  for (std::size_t i = 0; i + 1 < expression.parts.size(); ++i) {
    const Value& value = see(expression.parts[i], frame, scratch);
    if (value.truth() != is_and) return value;
  }
  return see(expression.parts.back(), frame, scratch);
}

Value call(const Expression& expression, Frame& frame) {
  const Expression& callee = expression.parts[0];
  Method method = nullptr;
  Value function;  // or what the method belongs to
  if (callee.kind == ExpressionKind::kAttribute) {
    function = evaluate(callee.parts[0], frame);
    method = method_of(function, callee.name);
    if (method == nullptr) function = attribute(function, callee.name);
  } else {
    function = evaluate(callee, frame);
  }
  Arguments arguments;
  const std::size_t count = expression.parts.size() - 1;
  const std::size_t positional = count - expression.keywords.size();
  arguments.positional.reserve(positional);
  for (std::size_t i = 0; i < count; ++i) {
    Value value = evaluate(expression.parts[i + 1], frame);
    if (i < positional) {
      arguments.positional.push_back(std::move(value));
    } else {
      arguments.keywords.emplace_back(expression.keywords[i - positional], std::move(value));
    }
  }
  return method != nullptr ? method(function, arguments) : function.call(arguments);
}

Value binary_value(const Expression& expression, Frame& frame) {
  Value mine;
  Value mine_too;
  const Value& left = see(expression.parts[0], frame, mine);
  const Value& right = see(expression.parts[1], frame, mine_too);
  return binary(expression.operators[0], left, right);
}

bool compared(const Expression& expression, Frame& frame) {
  Value left = evaluate(expression.parts[0], frame);
  for (std::size_t i = 0; i < expression.operators.size(); ++i) {
    Value right = evaluate(expression.parts[i + 1], frame);
    if (!compare(expression.operators[i], left, right)) return false;
    left = std::move(right);
  }
  return true;
}

std::vector<Value> values_of(const std::vector<Expression>& parts, Frame& frame) {
  std::vector<Value> values;
  values.reserve(parts.size());
  for (const Expression& part : parts) values.push_back(evaluate(part, frame));
  return values;
}

Value dict_value(const Expression& expression, Frame& frame) {
  std::vector<Value::Pair> items;
  for (std::size_t i = 0; i < expression.parts.size(); i += 2) {
    Value key = evaluate(expression.parts[i], frame);
    items.emplace_back(std::move(key), evaluate(expression.parts[i + 1], frame));
  }
  return Value::dict(std::move(items));
}

class Comprehension {
 public:
  Comprehension(const Expression& expression, Frame& frame)
      : expression_(expression), frame_(frame) {}

  Value value() {
    {
      const SavedSlots saved(frame_, expression_.locals);
      run(is_list() ? 1 : 2);
    }
    return is_list() ? Value::list(std::move(items_)) : Value::dict(std::move(pairs_));
  }

 private:
  bool is_list() const { return expression_.kind == ExpressionKind::kListComprehension; }

  // Runs the clauses from this part on; after the last of them there is an item.
  void run(std::size_t part) {
    if (part == expression_.parts.size()) {
      Value first = evaluate(expression_.parts[0], frame_);
      if (is_list()) {
        items_.push_back(std::move(first));
      } else {
        pairs_.emplace_back(std::move(first), evaluate(expression_.parts[1], frame_));
      }
      check_length(items_.size() + pairs_.size());
      return;
    }
    const std::vector<Expression>& clause = expression_.parts[part].parts;
    const Value items = evaluate(clause[1], frame_);
    each_item(items, [&](const Value& item) {
      assign(clause[0], frame_, item);
      for (std::size_t test = 2; test < clause.size(); ++test) {
        Value mine;
        if (!see(clause[test], frame_, mine).truth()) return true;
      }
      run(part + 1);
      return true;
    });
  }

  const Expression& expression_;
  Frame& frame_;
  std::vector<Value> items_;
  std::vector<Value::Pair> pairs_;
};

// The value of an expression that makes a new one.
Value computed(const Expression& expression, Frame& frame) {
  const std::vector<Expression>& parts = expression.parts;
  switch (expression.kind) {
    case ExpressionKind::kSlice: {
      const std::vector<Value> values = values_of(parts, frame);
      return slice(values[0], values[1], values[2], values[3]);
    }
    case ExpressionKind::kCall:
      return call(expression, frame);
    case ExpressionKind::kNegative:
      return negate(evaluate(parts[0], frame));
    case ExpressionKind::kNot:
      return !evaluate(parts[0], frame).truth();
    case ExpressionKind::kBinary:
      return binary_value(expression, frame);
    case ExpressionKind::kCompare:
      return compared(expression, frame);
    case ExpressionKind::kList:
      return Value::list(values_of(parts, frame));
    case ExpressionKind::kTuple:
      return Value::tuple(values_of(parts, frame));
    case ExpressionKind::kDict:
      return dict_value(expression, frame);
    default:
      return Comprehension(expression, frame).value();
  }
}

}  // namespace

const Value& see(const Expression& expression, Frame& frame, Value& scratch) {
  switch (expression.kind) {
    case ExpressionKind::kConstant:
      return expression.constant;
    case ExpressionKind::kName:
      return frame.read(expression.slot);
    case ExpressionKind::kAttribute:
      return see_attribute(expression, frame, scratch);
    case ExpressionKind::kIndex:
      return see_item(expression, frame, scratch);
    case ExpressionKind::kAnd:
    case ExpressionKind::kOr:
      return see_logical(expression, frame, scratch);
    case ExpressionKind::kConditional: {
      const bool yes = see(expression.parts[0], frame, scratch).truth();
      return see(expression.parts[yes ? 1 : 2], frame, scratch);
    }
    default:
      scratch = computed(expression, frame);
      return scratch;
  }
}

Value evaluate(const Expression& expression, Frame& frame) {
  Value scratch;
  const Value& seen = see(expression, frame, scratch);
  if (&seen == &scratch) return scratch;
  return seen;
}

}  // namespace tornado::template_::detail
