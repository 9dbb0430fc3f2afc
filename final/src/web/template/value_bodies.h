// Internal header: the storage behind the values of templates.
#pragma once

#include <tornado/template_value.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tornado::template_::detail {

struct StringBody final : Body {
  explicit StringBody(std::string value) : text(std::move(value)) {}
  const std::string text;
};

struct ListBody final : Body {  // also for tuples
  explicit ListBody(std::vector<Value> values) : items(std::move(values)) {}
  const std::vector<Value> items;
};

// Keeps insertion order. A few keys are compared one by one; more get a hash index.
class DictBody final : public Body {
 public:
  enum class Keys : std::uint8_t {
    kExact,
    kHeaderNames  // keys are in Http-Header-Case, and looked up in any case
  };
  // Throws RenderError for a key that is a list or dict.
  explicit DictBody(std::vector<Value::Pair> items, Keys keys = Keys::kExact);

  const std::vector<Value::Pair>& items() const noexcept { return items_; }
  const Value* find(const Value& key) const;
  const Value* find(std::string_view key) const;

 private:
  template <class Equal>
  const Value* find_where(std::size_t hash, const Equal& equal) const;
  const Value* find_exact(std::string_view key) const;
  void add(Value::Pair item);
  void grow_index();

  std::vector<Value::Pair> items_;
  std::vector<std::uint32_t> index_;  // place in items_ plus one, or 0; size is a power of two
  const Keys keys_;
};

// range(): its numbers are not stored.
class RangeBody final : public Object {
 public:
  // At most 2^61 away from 0, so that nothing here overflows.
  RangeBody(std::int64_t first, std::int64_t end, std::int64_t distance)
      : start(first), stop(end), step(distance) {
    if (step > 0 && start < stop) size = (stop - start - 1) / step + 1;
    if (step < 0 && start > stop) size = (start - stop - 1) / -step + 1;
  }
  std::int64_t at(std::int64_t index) const noexcept { return start + index * step; }
  bool attribute(std::string_view, Value&) const override { return false; }
  std::string str() const override;
  std::string_view type_name() const override { return "range"; }

  const std::int64_t start;
  const std::int64_t stop;
  const std::int64_t step;
  std::int64_t size = 0;
};

inline const std::string& text_of(const Value& value) {
  return static_cast<const StringBody*>(value.body())->text;
}
inline const std::vector<Value>& items_of(const Value& list_or_tuple) {
  return static_cast<const ListBody*>(list_or_tuple.body())->items;
}
inline const DictBody& dict_of(const Value& value) {
  return *static_cast<const DictBody*>(value.body());
}
inline const Object& object_of(const Value& value) {
  return *static_cast<const Object*>(value.body());
}
inline bool is_text(const Value& value) {
  return value.type() == Type::kString;
}
inline bool is_sequence(const Value& value) {
  return value.type() == Type::kList || value.type() == Type::kTuple;
}
inline bool is_integral(const Value& value) {
  return value.type() == Type::kInt || value.type() == Type::kBool;
}
inline bool is_number(const Value& value) {
  return is_integral(value) || value.type() == Type::kFloat;
}
// Takes an int or bool.
inline std::int64_t integer_of(const Value& value) {
  return value.type() == Type::kBool ? static_cast<std::int64_t>(value.boolean()) : value.integer();
}
// Takes an int, bool or float.
inline double number_of(const Value& value) {
  return value.type() == Type::kFloat ? value.number() : static_cast<double>(integer_of(value));
}
// Returns the object as a T, or null.
template <class T>
const T* object_as(const Value& value) {
  return value.type() == Type::kObject ? dynamic_cast<const T*>(&object_of(value)) : nullptr;
}

std::size_t hash_of(const Value& value);  // throws RenderError for a list or dict

// Append Python's str() and repr().
void append_str(std::string& out, const Value& value);
void append_repr(std::string& out, const Value& value);

[[noreturn]] void fail(const char* type, std::string message);

}  // namespace tornado::template_::detail
