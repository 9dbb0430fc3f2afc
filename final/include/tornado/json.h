// Public header: JSON values, json_encode and json_decode. The only public header that includes a
// JSON library; it is opt-in because it costs about a second of compile time. Mirrors the JSON part
// of tornado.escape.
#pragma once

#include <tornado/core/json_box.h>
#include <tornado/core/json_text.h>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace tornado::core {

// Reports a name that a constant JSON object does not have. (KeyError)
[[noreturn]] void throw_no_such_name();

}  // namespace tornado::core

// The JSON library's own checks abort the program, or do nothing if NDEBUG is defined. The only one
// that can fail is that of `constant_object["name"]`, where clients decide which names exist; so it
// throws.
#ifndef JSON_ASSERT
#define JSON_ASSERT(condition) \
  (static_cast<bool>(condition) ? static_cast<void>(0) : ::tornado::core::throw_no_such_name())
#endif
#include <nlohmann/json.hpp>

namespace tornado {

namespace core {

// A vector with checked access: `constant_array[7]` throws std::out_of_range if there are fewer
// items. (IndexError)
template <class T, class Allocator>
class JsonArray : public std::vector<T, Allocator> {
  using Base = std::vector<T, Allocator>;

 public:
  using Base::Base;
  // The library also uses this one for its constant values.
  T& operator[](std::size_t index) { return Base::at(index); }
  const T& operator[](std::size_t index) const { return Base::at(index); }
};

}  // namespace core

// A JSON value. Objects keep their names in insertion order, like Python's dict.
//
// For a missing name or index, value["name"] and value[7] throw std::out_of_range if the value is
// const, and otherwise insert a null. value.at("name") throws in both cases, and names the name.
using json = nlohmann::basic_json<nlohmann::ordered_map, core::JsonArray>;

namespace escape {

// The text is not JSON. what() says what is wrong and at which byte. Python: json.JSONDecodeError.
class JSONDecodeError : public std::invalid_argument {
 public:
  JSONDecodeError(const std::string& message, std::size_t position)
      : std::invalid_argument(message), position_(position) {}
  std::size_t position() const noexcept {
    return position_;
  }  // bytes before the error; 0 for depth

 private:
  std::size_t position_;
};

// A value that JSON cannot represent: a string that is not UTF-8, or binary data. Python:
// TypeError.
class JSONEncodeError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

// The deepest nesting of arrays and objects that json_decode accepts.
inline constexpr std::size_t kMaxJsonDepth = 512;

// Returns a value as text in the format of Python's json.dumps: ", " and ": " between parts, only
// ASCII (\uXXXX), floats in the shortest form that reads back. "</" becomes "<\/", so the text is
// safe inside <script>. Infinities and NaN become null, as in a browser, because JSON has no such
// numbers (RFC 8259 section 6). Throws JSONEncodeError. Tornado: json_encode.
std::string json_encode(const json& value);

// Parses one JSON text (RFC 8259). If an object repeats a name, the last value counts. Integers
// beyond 64 bits become floats. Unlike Python, rejects NaN and Infinity. Throws JSONDecodeError,
// also for nesting deeper than `max_depth`. Takes at worst n log n time, whatever the input.
// Tornado: json_decode.
json json_decode(std::string_view text, std::size_t max_depth = kMaxJsonDepth);

}  // namespace escape

// Lets RequestHandler::write() take a JSON object.
template <>
struct core::JsonText<json> {
  static std::string object_text(const json& value) {
    if (!value.is_object()) {
      throw std::invalid_argument("write() takes text or a JSON object, no other JSON value");
    }
    return escape::json_encode(value);
  }
};

// The result type of functions that are declared without the JSON library.
template <>
struct core::JsonType<void> {
  using type = json;
};

}  // namespace tornado
