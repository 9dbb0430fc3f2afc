#include "web/template/operations.h"

#include <algorithm>
#include <cmath>

#include "web/template/datetime.h"
#include "web/template/format.h"
#include "web/template/text.h"
#include "web/template/value_bodies.h"

namespace tornado::template_::detail {
namespace {

std::string quoted_type(const Value& value) {
  return "'" + std::string(value.type_name()) + "'";
}

[[noreturn]] void no_operator(Operator op, const Value& left, const Value& right) {
  constexpr const char* kSymbols[] = {"+", "-", "*", "/", "//", "%", "**"};
  fail("TypeError", std::string("unsupported operand type(s) for ") +
                        kSymbols[static_cast<std::size_t>(op)] + ": " + quoted_type(left) +
                        " and " + quoted_type(right));
}

[[noreturn]] void overflow() {
  fail("OverflowError", "the result does not fit into 64 bits");
}

std::int64_t floor_divide(std::int64_t left, std::int64_t right) {
  if (right == -1) {
    std::int64_t result = 0;
    if (__builtin_sub_overflow(std::int64_t{0}, left, &result)) overflow();
    return result;
  }
  const std::int64_t quotient = left / right;
  return left % right != 0 && (left < 0) != (right < 0) ? quotient - 1 : quotient;
}

std::int64_t floor_modulo(std::int64_t left, std::int64_t right) {
  if (right == -1) return 0;
  const std::int64_t rest = left % right;
  return rest != 0 && (rest < 0) != (right < 0) ? rest + right : rest;
}

std::int64_t power(std::int64_t base, std::int64_t exponent) {
  std::int64_t result = 1;
  while (exponent != 0) {
    if ((exponent & 1) != 0 && __builtin_mul_overflow(result, base, &result)) overflow();
    exponent >>= 1;
    if (exponent != 0 && __builtin_mul_overflow(base, base, &base)) overflow();
  }
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
    case Operator::kFloorDivide:
      return floor_divide(left, right);
    case Operator::kModulo:
      return floor_modulo(left, right);
    default:
      return power(left, right);
  }
  if (too_big) overflow();
  return result;
}

// Has the sign of `right`, also if it is 0.
double float_modulo(double left, double right) {
  const double rest = std::fmod(left, right);
  if (rest == 0) return std::copysign(0.0, right);
  return (rest < 0) != (right < 0) ? rest + right : rest;
}

// As CPython: 1.0 // 0.1 is 9.0, because 0.1 is a little more than a tenth.
double float_floor_divide(double left, double right) {
  const double rest = std::fmod(left, right);
  double quotient = (left - rest) / right;
  if (rest != 0 && (rest < 0) != (right < 0)) quotient -= 1;
  if (quotient == 0) return std::copysign(0.0, left / right);
  const double whole = std::floor(quotient);
  return quotient - whole > 0.5 ? whole + 1 : whole;
}

double float_operation(Operator op, double left, double right) {
  switch (op) {
    case Operator::kAdd:
      return left + right;
    case Operator::kSubtract:
      return left - right;
    case Operator::kMultiply:
      return left * right;
    case Operator::kDivide:
      return left / right;
    case Operator::kFloorDivide:
      return float_floor_divide(left, right);
    case Operator::kModulo:
      return float_modulo(left, right);
    default:
      return std::pow(left, right);
  }
}

Value number_operation(Operator op, const Value& left, const Value& right) {
  const bool divides =
      op == Operator::kDivide || op == Operator::kFloorDivide || op == Operator::kModulo;
  if (divides && number_of(right) == 0) {
    fail("ZeroDivisionError",
         op == Operator::kDivide ? "division by zero" : "integer division or modulo by zero");
  }
  const bool negative_power = op == Operator::kPower && number_of(right) < 0;
  if (negative_power && number_of(left) == 0) {
    fail("ZeroDivisionError", "0.0 cannot be raised to a negative power");
  }
  if (is_integral(left) && is_integral(right) && op != Operator::kDivide && !negative_power) {
    return integer_operation(op, integer_of(left), integer_of(right));
  }
  return float_operation(op, number_of(left), number_of(right));
}

Value sequence_like(const Value& sequence, std::vector<Value> items) {
  return sequence.type() == Type::kTuple ? Value::tuple(std::move(items))
                                         : Value::list(std::move(items));
}

Value multiply_sequence(const Value& sequence, std::int64_t times) {
  const std::size_t size = is_text(sequence) ? text_of(sequence).size() : items_of(sequence).size();
  const auto count = size == 0 || times < 0 ? 0 : static_cast<std::uint64_t>(times);
  std::uint64_t total = 0;
  check_length(__builtin_mul_overflow(size, count, &total) ? UINT64_MAX : total);
  std::string text;
  std::vector<Value> items;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (is_text(sequence)) {
      text += text_of(sequence);
    } else {
      items.insert(items.end(), items_of(sequence).begin(), items_of(sequence).end());
    }
  }
  return is_text(sequence) ? Value(std::move(text)) : sequence_like(sequence, std::move(items));
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
  return sequence_like(left, std::move(items));
}

}  // namespace

void check_length(std::uint64_t length) {
  constexpr std::uint64_t kLongest = std::uint64_t{1} << 28;
  if (length > kLongest)
    fail("MemoryError",
         "the result would have " + std::to_string(length) + " bytes or items, which is too many");
}

Value binary(Operator op, const Value& left, const Value& right) {
  if (is_number(left) && is_number(right)) return number_operation(op, left, right);
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
  no_operator(op, left, right);
}

Value negate(const Value& value) {
  if (is_integral(value)) {
    return integer_operation(Operator::kSubtract, 0, integer_of(value));
  }
  if (value.type() == Type::kFloat) return -value.number();
  fail("TypeError", "bad operand type for unary -: " + quoted_type(value));
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

bool identical(const Value& left, const Value& right) {
  if (left.type() != right.type()) return false;
  return left.type() < Type::kString ? equal(left, right) : left.body() == right.body();
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
  if (!is_sequence(container)) {
    fail("TypeError", "argument of type " + quoted_type(container) + " is not iterable");
  }
  const auto& items = items_of(container);
  return std::find(items.begin(), items.end(), member) != items.end();
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
      const auto* first = object_as<DatetimeObject>(left);
      const auto* second = object_as<DatetimeObject>(right);
      if (first == nullptr || second == nullptr) return left.body() == right.body();
      return first->microseconds() == second->microseconds();
    }
    default:
      return true;  // None
  }
}

bool less(const Value& left, const Value& right) {
  if (is_number(left) && is_number(right)) {
    if (is_integral(left) && is_integral(right)) return integer_of(left) < integer_of(right);
    return number_of(left) < number_of(right);
  }
  if (left.type() == right.type()) {
    if (is_text(left)) return text_of(left) < text_of(right);  // UTF-8 keeps the characters' order
    if (is_sequence(left)) {
      const auto& first = items_of(left);
      const auto& second = items_of(right);
      for (std::size_t i = 0; i < first.size() && i < second.size(); ++i) {
        if (!equal(first[i], second[i])) return less(first[i], second[i]);
      }
      return first.size() < second.size();
    }
    const auto* first = object_as<DatetimeObject>(left);
    const auto* second = object_as<DatetimeObject>(right);
    if (first != nullptr && second != nullptr) {
      return first->microseconds() < second->microseconds();
    }
  }
  fail("TypeError", "'<' not supported between instances of " + quoted_type(left) + " and " +
                        quoted_type(right));
}

bool compare(Operator op, const Value& left, const Value& right) {
  switch (op) {
    case Operator::kEqual:
      return equal(left, right);
    case Operator::kNotEqual:
      return !equal(left, right);
    case Operator::kLess:
      return less(left, right);
    case Operator::kLessEqual:
      return equal(left, right) || less(left, right);
    case Operator::kGreater:
      return less(right, left);
    case Operator::kGreaterEqual:
      return equal(left, right) || less(right, left);
    case Operator::kIn:
      return contains(right, left);
    case Operator::kNotIn:
      return !contains(right, left);
    case Operator::kIs:
      return identical(left, right);
    default:
      return !identical(left, right);
  }
}

// ---- items --------------------------------------------------------------------------------------

std::size_t length(const Value& value) {
  if (is_text(value)) return count_characters(text_of(value));
  if (is_sequence(value)) return items_of(value).size();
  if (value.type() == Type::kDict) return dict_of(value).items().size();
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
    const auto starts = character_starts(text);
    const std::size_t at = place(index, starts.size() - 1, "string");
    return text.substr(starts[at], starts[at + 1] - starts[at]);
  }
  Value found;
  if (container.type() == Type::kObject && is_text(index)) {
    if (object_of(container).attribute(text_of(index), found)) return found;
    fail("KeyError", index.repr());
  }
  fail("TypeError", quoted_type(container) + " object is not subscriptable");
}

namespace {

// The positions that container[start:stop:step] selects from `size` items.
std::vector<std::size_t> selected(std::size_t size, const Value& start, const Value& stop,
                                  const Value& step) {
  const auto number_or = [](const Value& value, std::int64_t fallback) {
    if (value.is_none()) return fallback;
    if (!is_integral(value)) fail("TypeError", "slice indices must be integers or None");
    return integer_of(value);
  };
  const std::int64_t by = number_or(step, 1);
  if (by == 0) fail("ValueError", "slice step cannot be zero");
  const auto end = static_cast<std::int64_t>(size);
  const std::int64_t low = by > 0 ? 0 : -1;
  const std::int64_t high = by > 0 ? end : end - 1;
  const auto bound = [&](const Value& value, std::int64_t fallback) {
    if (value.is_none()) return fallback;
    const std::int64_t at = number_or(value, 0);
    return std::clamp(at < 0 ? (at < -end ? low : at + end) : at, low, high);
  };
  const std::int64_t last = bound(stop, by > 0 ? high : low);
  std::vector<std::size_t> places;
  for (std::int64_t at = bound(start, by > 0 ? low : high); by > 0 ? at < last : at > last;) {
    places.push_back(static_cast<std::size_t>(at));
    if (__builtin_add_overflow(at, by, &at)) break;
  }
  return places;
}

}  // namespace

Value slice(const Value& container, const Value& start, const Value& stop, const Value& step) {
  if (is_text(container)) {
    const std::string& text = text_of(container);
    const auto starts = character_starts(text);
    std::string result;
    for (const std::size_t at : selected(starts.size() - 1, start, stop, step)) {
      result.append(text, starts[at], starts[at + 1] - starts[at]);
    }
    return result;
  }
  if (!is_sequence(container)) {
    fail("TypeError", quoted_type(container) + " object cannot be sliced");
  }
  const auto& all = items_of(container);
  std::vector<Value> items;
  for (const std::size_t at : selected(all.size(), start, stop, step)) items.push_back(all[at]);
  return sequence_like(container, std::move(items));
}

std::vector<Value> to_items(const Value& value) {
  if (is_sequence(value)) return items_of(value);
  std::vector<Value> items;
  if (value.type() == Type::kDict) {
    for (const Value::Pair& item : dict_of(value).items()) items.push_back(item.first);
  } else if (is_text(value)) {
    const std::string& text = text_of(value);
    const auto starts = character_starts(text);
    for (std::size_t i = 0; i + 1 < starts.size(); ++i) {
      items.emplace_back(std::string_view(text).substr(starts[i], starts[i + 1] - starts[i]));
    }
  } else {
    fail("TypeError", quoted_type(value) + " object is not iterable");
  }
  return items;
}

}  // namespace tornado::template_::detail
