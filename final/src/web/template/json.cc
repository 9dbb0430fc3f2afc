// JSON in templates, by way of tornado::json.
#include <tornado/json.h>

#include "web/template/builtins.h"
#include "web/template/operations.h"
#include "web/template/value_bodies.h"

namespace tornado::template_::detail {
namespace {

// As Python writes the keys of a dict.
std::string key_text(const Value& key) {
  switch (key.type()) {
    case Type::kNone:
      return "null";
    case Type::kBool:
      return key.boolean() ? "true" : "false";
    case Type::kInt:
    case Type::kFloat:
    case Type::kString:
      return key.str();
    default:
      fail("TypeError",
           "keys must be str, int, float, bool or None, not " + std::string(key.type_name()));
  }
}

json to_json(const Value& value) {
  switch (value.type()) {
    case Type::kNone:
      return nullptr;
    case Type::kBool:
      return value.boolean();
    case Type::kInt:
      return value.integer();
    case Type::kFloat:
      return value.number();
    case Type::kString:
      return text_of(value);
    case Type::kDict: {
      json::object_t object;
      for (const Value::Pair& item : dict_of(value).items()) {
        object.emplace_back(key_text(item.first), to_json(item.second));
      }
      return object;
    }
    case Type::kList:
    case Type::kTuple: {
      json array = json::array();
      for (const Value& item : items_of(value)) array.push_back(to_json(item));
      return array;
    }
    default:
      fail("TypeError",
           "Object of type " + std::string(value.type_name()) + " is not JSON serializable");
  }
}

}  // namespace

std::string json_text(const Value& value) {
  try {
    return escape::json_encode(to_json(value));
  } catch (const escape::JSONEncodeError& error) {
    fail("ValueError", error.what());
  }
}

Value parse_json(std::string_view text) {
  try {
    return Value(escape::json_decode(text));
  } catch (const escape::JSONDecodeError& error) {
    fail("ValueError", error.what());
  }
}

}  // namespace tornado::template_::detail
