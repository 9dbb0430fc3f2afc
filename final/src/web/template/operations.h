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

// From kAdd to kPower.
Value binary(Operator op, const Value& left, const Value& right);
Value negate(const Value& value);
// From kEqual on.
bool compare(Operator op, const Value& left, const Value& right);
bool equal(const Value& left, const Value& right);
// left < right; throws RenderError (TypeError) for values without an order.
bool less(const Value& left, const Value& right);

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

// Throws MemoryError if a result of that many bytes or items is too large.
void check_length(std::uint64_t length);

}  // namespace tornado::template_::detail
