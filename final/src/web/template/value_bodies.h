// Internal header: the storage behind the values of templates.
#pragma once

#include <tornado/template_value.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
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
  struct Hash {
    std::size_t operator()(const Value& key) const;
  };
  const Value* find_text(std::string_view key) const;
  const Value* find_other(const Value& key) const;
  bool indexed() const noexcept;
  void add(Value::Pair item);

  std::vector<Value::Pair> items_;
  // Places in items_, once there are more than a few. Texts are ordered, because a client who
  // chooses them could make all of their hashes equal.
  std::map<std::string_view, std::size_t> texts_;
  std::unordered_map<Value, std::size_t, Hash> others_;
  const Keys keys_;
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

// Append Python's str() and repr().
void append_str(std::string& out, const Value& value);
void append_repr(std::string& out, const Value& value);

[[noreturn]] void fail(const char* type, std::string message);

}  // namespace tornado::template_::detail
