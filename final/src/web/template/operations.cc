#include "web/template/operations.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "web/template/format.h"
#include "web/template/methods.h"
#include "web/template/text.h"
#include "web/template/value_bodies.h"

namespace tornado::template_::detail {
namespace {

constexpr const char* kSymbols[] = {"+",           "-", "*", "/", "//", "%",
                                    "** or pow()", "&", "|", "^", "<<", ">>"};

std::string quoted_type(const Value& value) {
  return "'" + std::string(value.type_name()) + "'";
}

[[noreturn]] void no_operator(Operator op, const Value& left, const Value& right) {
  fail("TypeError", std::string("unsupported operand type(s) for ") +
                        kSymbols[static_cast<std::size_t>(op)] + ": " + quoted_type(left) +
                        " and " + quoted_type(right));
}

[[noreturn]] void overflow() {
  fail("OverflowError", "the result does not fit into 64 bits");
}

std::int64_t floor_divide(std::int64_t left, std::int64_t right) {
  if (right == 0) fail("ZeroDivisionError", "integer division or modulo by zero");
  if (right == -1) {
    std::int64_t result = 0;
    if (__builtin_sub_overflow(std::int64_t{0}, left, &result)) overflow();
    return result;
  }
  const std::int64_t quotient = left / right;
  return left % right != 0 && (left < 0) != (right < 0) ? quotient - 1 : quotient;
}

std::int64_t floor_modulo(std::int64_t left, std::int64_t right) {
  if (right == 0) fail("ZeroDivisionError", "integer division or modulo by zero");
  if (right == -1) return 0;
  const std::int64_t rest = left % right;
  return rest != 0 && (rest < 0) != (right < 0) ? rest + right : rest;
}

Value power(std::int64_t base, std::int64_t exponent) {
  if (exponent < 0) {
    if (base == 0) fail("ZeroDivisionError", "0.0 cannot be raised to a negative power");
    return std::pow(static_cast<double>(base), static_cast<double>(exponent));
  }
  std::int64_t result = 1;
  while (exponent != 0) {
    if ((exponent & 1) != 0 && __builtin_mul_overflow(result, base, &result)) overflow();
    exponent >>= 1;
    if (exponent != 0 && __builtin_mul_overflow(base, base, &base)) overflow();
  }
  return result;
}

std::int64_t shift(std::int64_t value, std::int64_t by, bool left) {
  if (by < 0) fail("ValueError", "negative shift count");
  if (!left) return value >> std::min<std::int64_t>(by, 63);
  std::int64_t result = 0;
  if (value == 0) return 0;
  if (by > 62 || __builtin_mul_overflow(value, std::int64_t{1} << by, &result)) overflow();
  return result;
}

Value integer_operation(Operator op, std::int64_t left, std::int64_t right) {
  std::int64_t result = 0;
  bool too_big = false;
  switch (op) {
    case Operator::kAdd:
      too_big = __builtin_add_overflow(left, right, &result);
      break;
    case Operator::kSubtract:
      too_big = __builtin_sub_overflow(left, right, &result);
      break;
    case Operator::kMultiply:
      too_big = __builtin_mul_overflow(left, right, &result);
      break;
    case Operator::kDivide:
      if (right == 0) fail("ZeroDivisionError", "division by zero");
      return static_cast<double>(left) / static_cast<double>(right);
    case Operator::kFloorDivide:
      return floor_divide(left, right);
    case Operator::kModulo:
      return floor_modulo(left, right);
    case Operator::kPower:
      return power(left, right);
    case Operator::kBitAnd:
      return left & right;
    case Operator::kBitOr:
      return left | right;
    case Operator::kBitXor:
      return left ^ right;
    case Operator::kShiftLeft:
    case Operator::kShiftRight:
      return shift(left, right, op == Operator::kShiftLeft);
  }
  if (too_big) overflow();
  return result;
}

// Python's definition: quotient and remainder belong together, and the remainder has the divisor's
// sign. Rounding left / right down would give 5 for 0.5 // 0.1, although the remainder is nearly
// 0.1.
struct Division {
  double quotient;
  double rest;
};

Division floor_division(double left, double right) {
  double rest = std::fmod(left, right);
  double quotient = (left - rest) / right;
  if (rest == 0) {
    rest = std::copysign(0.0, right);
  } else if ((rest < 0) != (right < 0)) {
    rest += right;
    quotient -= 1;
  }
  if (quotient == 0) return {std::copysign(0.0, left / right), rest};
  const double whole = std::floor(quotient);
  return {quotient - whole > 0.5 ? whole + 1 : whole, rest};
}

double float_power(double base, double exponent) {
  if (base == 0 && exponent < 0) {
    fail("ZeroDivisionError", "0.0 cannot be raised to a negative power");
  }
  const double result = std::pow(base, exponent);
  const bool finite = std::isfinite(base) && std::isfinite(exponent);
  if (finite && std::isinf(result)) fail("OverflowError", "Numerical result out of range");
  if (finite && std::isnan(result)) {
    fail("ValueError", "a power that is a complex number, which is not known here");
  }
  return result;
}

Value float_operation(Operator op, double left, double right) {
  switch (op) {
    case Operator::kAdd:
      return left + right;
    case Operator::kSubtract:
      return left - right;
    case Operator::kMultiply:
      return left * right;
    case Operator::kDivide:
      if (right == 0) fail("ZeroDivisionError", "float division by zero");
      return left / right;
    case Operator::kFloorDivide:
      if (right == 0) fail("ZeroDivisionError", "float floor division by zero");
      return floor_division(left, right).quotient;
    case Operator::kModulo:
      if (right == 0) fail("ZeroDivisionError", "float modulo");
      return floor_division(left, right).rest;
    default:
      return float_power(left, right);
  }
}

std::vector<Value> repeated(const std::vector<Value>& items, std::int64_t times) {
  const auto count = static_cast<std::size_t>(std::max<std::int64_t>(times, 0));
  std::vector<Value> result;
  if (items.empty() || count == 0) return result;
  if (count > std::numeric_limits<std::uint32_t>::max()) check_length(count);
  check_length(std::uint64_t{items.size()} * count);
  result.reserve(items.size() * count);
  for (std::size_t i = 0; i < count; ++i) result.insert(result.end(), items.begin(), items.end());
  return result;
}

Value multiply_sequence(const Value& sequence, std::int64_t times) {
  if (is_text(sequence)) {
    const std::string& text = text_of(sequence);
    if (text.empty() || times <= 0) return std::string();
    const auto count = static_cast<std::uint64_t>(times);
    if (count > std::numeric_limits<std::uint32_t>::max()) check_length(count);
    check_length(text.size() * count);
    std::string result;
    result.reserve(text.size() * count);
    for (std::uint64_t i = 0; i < count; ++i) result += text;
    return result;
  }
  std::vector<Value> items = repeated(items_of(sequence), times);
  return sequence.type() == Type::kList ? Value::list(std::move(items))
                                        : Value::tuple(std::move(items));
}

Value add_sequences(const Value& left, const Value& right) {
  if (left.type() != right.type()) {
    fail("TypeError", "can only concatenate " + std::string(left.type_name()) + " (not \"" +
                          std::string(right.type_name()) + "\") to " +
                          std::string(left.type_name()));
  }
  if (is_text(left)) {
    check_length(text_of(left).size() + text_of(right).size());
    return text_of(left) + text_of(right);
  }
  std::vector<Value> items = items_of(left);
  const auto& more = items_of(right);
  check_length(items.size() + more.size());
  items.insert(items.end(), more.begin(), more.end());
  return left.type() == Type::kList ? Value::list(std::move(items))
                                    : Value::tuple(std::move(items));
}

}  // namespace

void check_length(std::uint64_t length) {
  constexpr std::uint64_t kLongest = std::uint64_t{1} << 28;
  if (length > kLongest)
    fail("MemoryError",
         "a template makes nothing of " + std::to_string(length) + " bytes or items");
}

Value binary(Operator op, const Value& left, const Value& right) {
  if (is_integral(left) && is_integral(right)) {
    return integer_operation(op, integer_of(left), integer_of(right));
  }
  if (is_number(left) && is_number(right) && op < Operator::kBitAnd) {
    return float_operation(op, number_of(left), number_of(right));
  }
  if (op == Operator::kModulo && is_text(left)) return percent_format(text_of(left), right);
  if (op == Operator::kAdd && (is_text(left) || is_sequence(left))) {
    return add_sequences(left, right);
  }
  if (op == Operator::kMultiply) {
    if ((is_text(left) || is_sequence(left)) && is_integral(right)) {
      return multiply_sequence(left, integer_of(right));
    }
    if ((is_text(right) || is_sequence(right)) && is_integral(left)) {
      return multiply_sequence(right, integer_of(left));
    }
  }
  if (op == Operator::kAdd || op == Operator::kSubtract) {
    const auto* first = object_as<TimeObject>(left);
    const auto* second = object_as<TimeObject>(right);
    if (first != nullptr && second != nullptr) {
      return first->plus(*second, op == Operator::kAdd ? 1 : -1);
    }
  }
  no_operator(op, left, right);
}

Value negate(const Value& value) {
  if (is_integral(value)) {
    return integer_operation(Operator::kSubtract, 0, integer_of(value));
  }
  if (value.type() == Type::kFloat) return -value.number();
  fail("TypeError", "bad operand type for unary -: " + quoted_type(value));
}

Value invert(const Value& value) {
  if (is_integral(value)) return ~integer_of(value);
  fail("TypeError", "bad operand type for unary ~: " + quoted_type(value));
}

// ---- comparing ----------------------------------------------------------------------------------

namespace {

bool equal_dicts(const DictBody& left, const DictBody& right) {
  if (left.items().size() != right.items().size()) return false;
  return std::all_of(left.items().begin(), left.items().end(), [&](const Value::Pair& item) {
    const Value* other = right.find(item.first);
    return other != nullptr && equal(item.second, *other);
  });
}

[[noreturn]] void no_order(const Value& left, const Value& right) {
  fail("TypeError", "'<' not supported between instances of " + quoted_type(left) + " and " +
                        quoted_type(right));
}

bool identical(const Value& left, const Value& right) {
  if (left.type() != right.type()) return false;
  return left.type() < Type::kString ? equal(left, right) : left.body() == right.body();
}

}  // namespace

bool equal(const Value& left, const Value& right) {
  if (is_number(left) && is_number(right)) {
    if (is_integral(left) && is_integral(right)) return integer_of(left) == integer_of(right);
    return number_of(left) == number_of(right);
  }
  if (left.type() != right.type()) return false;
  switch (left.type()) {
    case Type::kString:
      return text_of(left) == text_of(right);
    case Type::kList:
    case Type::kTuple:
      return items_of(left) == items_of(right);
    case Type::kDict:
      return equal_dicts(dict_of(left), dict_of(right));
    case Type::kObject: {
      const auto* first = object_as<TimeObject>(left);
      const auto* second = object_as<TimeObject>(right);
      if (first == nullptr || second == nullptr) return left.body() == right.body();
      return first->type_name() == second->type_name() &&
             first->microseconds() == second->microseconds();
    }
    case Type::kNone:
      return true;
    default:
      return left.body() == right.body();
  }
}

bool less(const Value& left, const Value& right) {
  if (is_number(left) && is_number(right)) {
    if (is_integral(left) && is_integral(right)) return integer_of(left) < integer_of(right);
    return number_of(left) < number_of(right);
  }
  if (left.type() != right.type()) no_order(left, right);
  if (is_text(left)) return text_of(left) < text_of(right);  // UTF-8 keeps the code points' order
  if (is_sequence(left)) {
    const auto& first = items_of(left);
    const auto& second = items_of(right);
    for (std::size_t i = 0; i < first.size() && i < second.size(); ++i) {
      if (!equal(first[i], second[i])) return less(first[i], second[i]);
    }
    return first.size() < second.size();
  }
  const auto* first = object_as<TimeObject>(left);
  const auto* second = object_as<TimeObject>(right);
  if (first == nullptr || second == nullptr || first->type_name() != second->type_name()) {
    no_order(left, right);
  }
  return first->microseconds() < second->microseconds();
}

bool contains(const Value& container, const Value& member) {
  if (is_text(container)) {
    if (!is_text(member)) {
      fail("TypeError",
           "'in <string>' requires string as left operand, not " + std::string(member.type_name()));
    }
    return text_of(container).find(text_of(member)) != std::string::npos;
  }
  if (container.type() == Type::kDict) return dict_of(container).find(member) != nullptr;
  if (const auto* range = object_as<RangeBody>(container)) {
    if (!is_integral(member) || range->size == 0) return false;
    std::int64_t distance = 0;
    if (__builtin_sub_overflow(integer_of(member), range->start, &distance)) return false;
    return distance % range->step == 0 && distance / range->step >= 0 &&
           distance / range->step < range->size;
  }
  if (!is_sequence(container)) {
    fail("TypeError", "argument of type " + quoted_type(container) + " is not iterable");
  }
  const auto& items = items_of(container);
  return std::any_of(items.begin(), items.end(),
                     [&](const Value& item) { return equal(item, member); });
}

bool compare(Comparison op, const Value& left, const Value& right) {
  switch (op) {
    case Comparison::kEqual:
      return equal(left, right);
    case Comparison::kNotEqual:
      return !equal(left, right);
    case Comparison::kLess:
      return less(left, right);
    case Comparison::kLessEqual:
      return equal(left, right) || less(left, right);
    case Comparison::kGreater:
      return less(right, left);
    case Comparison::kGreaterEqual:
      return equal(left, right) || less(right, left);
    case Comparison::kIn:
      return contains(right, left);
    case Comparison::kNotIn:
      return !contains(right, left);
    case Comparison::kIs:
      return identical(left, right);
    case Comparison::kIsNot:
      return !identical(left, right);
  }
  return false;
}

// ---- items --------------------------------------------------------------------------------------

std::size_t length(const Value& value) {
  if (is_text(value)) return count_characters(text_of(value));
  if (is_sequence(value)) return items_of(value).size();
  if (value.type() == Type::kDict) return dict_of(value).items().size();
  if (const auto* range = object_as<RangeBody>(value)) return static_cast<std::size_t>(range->size);
  fail("TypeError", "object of type " + quoted_type(value) + " has no len()");
}

std::size_t place(const Value& index, std::size_t size, const char* kind) {
  if (!is_integral(index)) {
    fail("TypeError",
         std::string(kind) + " indices must be integers, not " + std::string(index.type_name()));
  }
  std::int64_t at = integer_of(index);
  if (at < 0) at += static_cast<std::int64_t>(size);
  if (at < 0 || at >= static_cast<std::int64_t>(size)) {
    fail("IndexError", std::string(kind) + " index out of range");
  }
  return static_cast<std::size_t>(at);
}

Value item(const Value& container, const Value& index) {
  if (is_sequence(container)) {
    const auto& items = items_of(container);
    return items[place(index, items.size(), container.type() == Type::kList ? "list" : "tuple")];
  }
  if (container.type() == Type::kDict) {
    const Value* found = dict_of(container).find(index);
    if (found == nullptr) fail("KeyError", index.repr());
    return *found;
  }
  if (is_text(container)) {
    const std::string& text = text_of(container);
    if (is_ascii(text)) return text.substr(place(index, text.size(), "string"), 1);
    const auto starts = character_starts(text);
    const std::size_t at = place(index, starts.size() - 1, "string");
    return text.substr(starts[at], starts[at + 1] - starts[at]);
  }
  if (const auto* range = object_as<RangeBody>(container)) {
    const std::size_t at = place(index, static_cast<std::size_t>(range->size), "range object");
    return range->at(static_cast<std::int64_t>(at));
  }
  Value found;
  if (container.type() == Type::kObject && is_text(index)) {
    if (object_of(container).attribute(text_of(index), found)) return found;
    fail("KeyError", index.repr());
  }
  fail("TypeError", quoted_type(container) + " object is not subscriptable");
}

namespace {

// The items that container[start:stop:step] selects from `size` items: from `first`, up to before
// `last`.
struct Places {
  Places(std::size_t size, const Value& start, const Value& stop, const Value& step)
      : by(step.is_none() ? 1 : number(step)) {
    if (by == 0) fail("ValueError", "slice step cannot be zero");
    const auto end = static_cast<std::int64_t>(size);
    const std::int64_t low = by > 0 ? 0 : -1;
    const std::int64_t high = by > 0 ? end : end - 1;
    const auto bound = [&](const Value& value, std::int64_t fallback) {
      if (value.is_none()) return fallback;
      const std::int64_t at = number(value);
      return std::clamp(at < 0 ? (at < -end ? low : at + end) : at, low, high);
    };
    first = bound(start, by > 0 ? low : high);
    last = bound(stop, by > 0 ? high : low);
  }

  template <class See>
  void each(const See& see) const {
    for (std::int64_t at = first; by > 0 ? at < last : at > last;) {
      see(static_cast<std::size_t>(at));
      if (__builtin_add_overflow(at, by, &at)) return;
    }
  }

  static std::int64_t number(const Value& value) {
    if (!is_integral(value)) fail("TypeError", "slice indices must be integers or None");
    return integer_of(value);
  }

  std::int64_t first = 0;
  std::int64_t last = 0;
  std::int64_t by;
};

Value slice_range(const RangeBody& range, const Value& start, const Value& stop,
                  const Value& step) {
  const Places places(static_cast<std::size_t>(range.size), start, stop, step);
  std::int64_t distance = 0;
  if (__builtin_mul_overflow(range.step, places.by, &distance)) overflow();
  return Value::object(new RangeBody(range.at(places.first), range.at(places.last), distance));
}

}  // namespace

Value slice(const Value& container, const Value& start, const Value& stop, const Value& step) {
  if (is_text(container)) {
    const std::string& text = text_of(container);
    const auto starts = character_starts(text);
    std::string result;
    Places(starts.size() - 1, start, stop, step).each([&](std::size_t at) {
      result.append(text, starts[at], starts[at + 1] - starts[at]);
    });
    return result;
  }
  if (const auto* range = object_as<RangeBody>(container)) {
    return slice_range(*range, start, stop, step);
  }
  if (!is_sequence(container)) {
    fail("TypeError", quoted_type(container) + " object cannot be sliced");
  }
  const auto& all = items_of(container);
  std::vector<Value> items;
  Places(all.size(), start, stop, step).each([&](std::size_t at) { items.push_back(all[at]); });
  return container.type() == Type::kTuple ? Value::tuple(std::move(items))
                                          : Value::list(std::move(items));
}

std::vector<Value> to_items(const Value& value) {
  if (is_sequence(value)) return items_of(value);
  std::vector<Value> items;
  if (value.type() == Type::kDict) {
    for (const Value::Pair& item : dict_of(value).items()) items.push_back(item.first);
    return items;
  }
  if (is_text(value)) {
    const std::string& text = text_of(value);
    const auto starts = character_starts(text);
    for (std::size_t i = 0; i + 1 < starts.size(); ++i) {
      items.emplace_back(std::string_view(text).substr(starts[i], starts[i + 1] - starts[i]));
    }
    return items;
  }
  const auto* range = object_as<RangeBody>(value);
  if (range == nullptr) fail("TypeError", quoted_type(value) + " object is not iterable");
  check_length(static_cast<std::uint64_t>(range->size));
  for (std::int64_t i = 0; i < range->size; ++i) items.emplace_back(range->at(i));
  return items;
}

bool find_attribute(const Value& value, std::string_view name, Value& result) {
  if (value.type() == Type::kObject) return object_of(value).attribute(name, result);
  if (find_method(value, name, result)) return true;
  if (value.type() != Type::kDict) return false;
  const Value* found = dict_of(value).find(name);
  if (found != nullptr) result = *found;
  return found != nullptr;
}

Value attribute(const Value& value, std::string_view name) {
  Value result;
  if (find_attribute(value, name, result)) return result;
  fail("AttributeError",
       quoted_type(value) + " object has no attribute '" + std::string(name) + "'");
}

}  // namespace tornado::template_::detail
