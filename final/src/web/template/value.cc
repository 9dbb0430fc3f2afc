// Creation of values, access to them, and their str().
#include <tornado/template_value.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "base/text/number_text.h"
#include "base/text/unicode.h"
#include "http/message/chars.h"
#include "web/template/operations.h"
#include "web/template/text.h"
#include "web/template/value_bodies.h"

namespace tornado::template_ {

RenderError::RenderError(std::string type, std::string message)
    : type_(std::move(type)), message_(std::move(message)), what_(type_ + ": " + message_) {}

void RenderError::set_place(const std::string& place) {
  if (!place_.empty()) return;
  place_ = place;
  what_ += " at " + place;
}

namespace detail {

void fail(const char* type, std::string message) {
  throw RenderError(type, std::move(message));
}

// ---- dict ---------------------------------------------------------------------------------------

namespace {

constexpr std::size_t kSmallDict = 8;

// "user-agent" as "User-Agent".
std::string header_case(std::string_view name) {
  std::string result(name);
  bool word_start = true;
  for (char& c : result) {
    c = word_start ? to_upper(c) : to_lower(c);
    word_start = c == '-';
  }
  return result;
}

}  // namespace

std::size_t DictBody::Hash::operator()(const Value& key) const {
  switch (key.type()) {
    case Type::kNone:
      return 0;
    case Type::kBool:
    case Type::kInt:
    case Type::kFloat:
      return std::hash<double>()(number_of(key));  // 1 == 1.0 == True
    case Type::kString:
      return std::hash<std::string_view>()(text_of(key));
    case Type::kTuple: {
      std::size_t hash = 17;
      for (const Value& item : items_of(key)) hash = hash * 31 + (*this)(item);
      return hash;
    }
    case Type::kObject:
      return std::hash<std::string>()(object_of(key).str());
    default:
      fail("TypeError", "unhashable type: '" + std::string(key.type_name()) + "'");
  }
}

DictBody::DictBody(std::vector<Value::Pair> items, Keys keys) : keys_(keys) {
  items_.reserve(items.size());
  for (Value::Pair& item : items) add(std::move(item));
}

bool DictBody::indexed() const noexcept {
  return items_.size() > kSmallDict;
}

const Value* DictBody::find_text(std::string_view key) const {
  if (indexed()) {
    const auto found = texts_.find(key);
    return found == texts_.end() ? nullptr : &items_[found->second].second;
  }
  for (const auto& [name, value] : items_) {
    if (is_text(name) && text_of(name) == key) return &value;
  }
  return nullptr;
}

const Value* DictBody::find_other(const Value& key) const {
  if (indexed()) {
    const auto found = others_.find(key);
    return found == others_.end() ? nullptr : &items_[found->second].second;
  }
  for (const auto& [name, value] : items_) {
    if (name == key) return &value;
  }
  return nullptr;
}

const Value* DictBody::find(const Value& key) const {
  if (is_text(key)) return find(std::string_view(text_of(key)));
  Hash()(key);  // throws for a list or dict
  return find_other(key);
}

const Value* DictBody::find(std::string_view key) const {
  return keys_ == Keys::kExact ? find_text(key) : find_text(header_case(key));
}

void DictBody::add(Value::Pair item) {
  if (const Value* old = find(item.first)) {
    *const_cast<Value*>(old) = std::move(item.second);
    return;
  }
  items_.push_back(std::move(item));
  if (!indexed()) return;
  for (std::size_t place = texts_.size() + others_.size(); place < items_.size(); ++place) {
    const Value& key = items_[place].first;
    if (is_text(key)) {
      texts_.emplace(text_of(key), place);
    } else {
      others_.emplace(key, place);
    }
  }
}

// ---- str and repr -------------------------------------------------------------------------------

namespace {

void append_any_float(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "nan";
  } else if (std::isinf(value)) {
    out += value < 0 ? "-inf" : "inf";
  } else {
    append_float(out, value);
  }
}

void append_items(std::string& out, const std::vector<Value>& items) {
  const char* separator = "";
  for (const Value& item : items) {
    out += separator;
    append_repr(out, item);
    separator = ", ";
  }
}

void append_dict(std::string& out, const DictBody& dict) {
  const char* separator = "{";
  for (const Value::Pair& item : dict.items()) {
    out += separator;
    append_repr(out, item.first);
    out += ": ";
    append_repr(out, item.second);
    separator = ", ";
  }
  out += dict.items().empty() ? "{}" : "}";
}

}  // namespace

void append_repr(std::string& out, const Value& value) {
  if (is_text(value)) {
    append_quoted(out, text_of(value));
  } else {
    append_str(out, value);
  }
}

void append_str(std::string& out, const Value& value) {
  switch (value.type()) {
    case Type::kNone:
      out += "None";
      return;
    case Type::kBool:
      out += value.boolean() ? "True" : "False";
      return;
    case Type::kInt:
      append_integer(out, value.integer());
      return;
    case Type::kFloat:
      append_any_float(out, value.number());
      return;
    case Type::kString:
      out += text_of(value);
      return;
    case Type::kList:
      out += '[';
      append_items(out, items_of(value));
      out += ']';
      return;
    case Type::kTuple:
      out += '(';
      append_items(out, items_of(value));
      out += items_of(value).size() == 1 ? ",)" : ")";
      return;
    case Type::kDict:
      append_dict(out, dict_of(value));
      return;
    case Type::kObject:
      out += object_of(value).str();
      return;
  }
}

void check_arity(const Arguments& arguments, std::size_t low, std::size_t high) {
  if (!arguments.keywords.empty()) {
    fail("TypeError",
         "the function takes no keyword argument '" + arguments.keywords.front().first + "'");
  }
  const std::size_t count = arguments.positional.size();
  if (count >= low && count <= high) return;
  std::string wanted = std::to_string(low);
  if (high != low) wanted += " to " + std::to_string(high);
  wanted += high == 1 ? " argument" : " arguments";
  fail("TypeError", "the function takes " + wanted + ", not " + std::to_string(count));
}

// ---- structs ------------------------------------------------------------------------------------

bool StructBody::attribute(std::string_view name, Value& result) const {
  for (std::size_t i = 0; i < table_->count; ++i) {
    if (table_->fields[i].name != name) continue;
    result = table_->fields[i].get(*this);
    return true;
  }
  return false;
}

std::string_view StructBody::type_name() const {
  return table_->type;
}

}  // namespace detail

std::string Object::str() const {
  return "<" + std::string(type_name()) + " object>";
}

Value Object::call(const Arguments&) const {
  detail::fail("TypeError", "'" + std::string(type_name()) + "' object is not callable");
}

const Value* Arguments::find(std::string_view keyword) const noexcept {
  for (const auto& [name, value] : keywords) {
    if (name == keyword) return &value;
  }
  return nullptr;
}

// ---- Value --------------------------------------------------------------------------------------

Value::Value(std::string&& text) : Value(Type::kString, new detail::StringBody(std::move(text))) {}

Value::Value(std::string_view text)
    : Value(Type::kString, new detail::StringBody(std::string(text))) {}

Value Value::list(std::vector<Value> items) {
  return Value(Type::kList, new detail::ListBody(std::move(items)));
}

Value Value::tuple(std::vector<Value> items) {
  return Value(Type::kTuple, new detail::ListBody(std::move(items)));
}

Value Value::dict(std::vector<Pair> items) {
  return Value(Type::kDict, new detail::DictBody(std::move(items)));
}

Value Value::object(Object* object) {
  return Value(Type::kObject, object);
}

std::string_view Value::type_name() const {
  static constexpr std::string_view kNames[] = {"NoneType", "bool", "int",   "float",
                                                "str",      "list", "tuple", "dict"};
  if (type_ == Type::kObject) return detail::object_of(*this).type_name();
  return kNames[static_cast<std::size_t>(type_)];
}

bool Value::truth() const {
  switch (type_) {
    case Type::kNone:
      return false;
    case Type::kBool:
      return data_.boolean;
    case Type::kInt:
      return data_.integer != 0;
    case Type::kFloat:
      return data_.number != 0;
    case Type::kString:
      return !detail::text_of(*this).empty();
    case Type::kList:
    case Type::kTuple:
      return !detail::items_of(*this).empty();
    case Type::kDict:
      return !detail::dict_of(*this).items().empty();
    case Type::kObject:
      return true;
  }
  return true;
}

std::string Value::str() const {
  std::string out;
  detail::append_str(out, *this);
  return out;
}

std::string Value::repr() const {
  std::string out;
  detail::append_repr(out, *this);
  return out;
}

bool Value::operator==(const Value& other) const {
  return detail::equal(*this, other);
}

std::size_t Value::size() const {
  return detail::length(*this);
}

Value Value::at(std::size_t index) const {
  if (!detail::is_sequence(*this)) wrong_type("list");
  return detail::item(*this, Value(static_cast<std::int64_t>(index)));
}

Value Value::find(std::string_view name) const {
  Value result;
  if (type_ == Type::kDict) {
    if (const Value* found = detail::dict_of(*this).find(name)) result = *found;
  } else if (type_ == Type::kObject) {
    detail::object_of(*this).attribute(name, result);
  }
  return result;
}

Value Value::call(const Arguments& arguments) const {
  if (type_ == Type::kObject) return detail::object_of(*this).call(arguments);
  detail::fail("TypeError", "'" + std::string(type_name()) + "' object is not callable");
}

void Value::check_range(std::uint64_t value) {
  if (value <= std::uint64_t{std::numeric_limits<std::int64_t>::max()}) return;
  detail::fail("OverflowError", std::to_string(value) + " does not fit into 64 bits with a sign");
}

void Value::wrong_type(std::string_view wanted) const {
  detail::fail("TypeError",
               "expected " + std::string(wanted) + ", not " + std::string(type_name()));
}

bool Value::get_bool() const {
  if (type_ != Type::kBool) wrong_type("bool");
  return data_.boolean;
}

std::int64_t Value::get_int(std::int64_t low, std::int64_t high) const {
  if (!detail::is_integral(*this)) wrong_type("int");
  const std::int64_t value = detail::integer_of(*this);
  if (value < low || value > high) {
    detail::fail("OverflowError", std::to_string(value) + " does not fit the function's parameter");
  }
  return value;
}

double Value::get_number() const {
  if (!detail::is_number(*this)) wrong_type("float");
  return detail::number_of(*this);
}

std::string_view Value::get_text() const {
  if (type_ != Type::kString) wrong_type("str");
  return detail::text_of(*this);
}

std::vector<Value> Value::get_items() const {
  if (!detail::is_sequence(*this)) wrong_type("list");
  return detail::items_of(*this);
}

const void* Value::get_struct(const detail::FieldTable* table) const {
  const auto* body = detail::object_as<detail::StructBody>(*this);
  if (body == nullptr || body->table() != table) wrong_type(table->type);
  return body->address();
}

}  // namespace tornado::template_
