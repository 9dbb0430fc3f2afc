// Internal header: the operators of expressions.
#pragma once

#include <tornado/template_value.h>

#include <cstdint>
#include <string>
#include <vector>

namespace tornado::template_::detail {

enum class Operator : std::uint8_t {
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kFloorDivide,
  kModulo,
  kPower,
  kBitAnd,
  kBitOr,
  kBitXor,
  kShiftLeft,
  kShiftRight
};
enum class Comparison : std::uint8_t {
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIn,
  kNotIn,
  kIs,
  kIsNot
};

// datetime's objects, which take part in comparisons and arithmetic.
class TimeObject : public Object {
 public:
  virtual std::string repr() const = 0;
  // Microseconds: since 1970, or the length of a timedelta.
  virtual std::int64_t microseconds() const = 0;
  virtual Value plus(const TimeObject& other, int sign) const = 0;
};

Value binary(Operator op, const Value& left, const Value& right);
Value negate(const Value& value);
Value invert(const Value& value);
bool compare(Comparison op, const Value& left, const Value& right);
bool equal(const Value& left, const Value& right);
// left < right; throws RenderError (TypeError) for values without an order.
bool less(const Value& left, const Value& right);
bool contains(const Value& container, const Value& member);

std::size_t length(const Value& value);
// container[index]
Value item(const Value& container, const Value& index);
// container[start:stop:step]; None for an omitted bound.
Value slice(const Value& container, const Value& start, const Value& stop, const Value& step);
// Returns the position of `index` in a sequence of `size`; a negative index counts from the end.
// Throws IndexError.
std::size_t place(const Value& index, std::size_t size, const char* kind);

// Returns the items that a loop sees: a list's items, a dict's keys, a str's characters. Throws
// TypeError.
std::vector<Value> to_items(const Value& value);
// Return an attribute; methods of str, list and dict are in methods.cc.
Value attribute(const Value& value, std::string_view name);
bool find_attribute(const Value& value, std::string_view name, Value& result);

// Throws MemoryError if a result of that many bytes or items would be absurd.
void check_length(std::uint64_t length);

}  // namespace tornado::template_::detail
