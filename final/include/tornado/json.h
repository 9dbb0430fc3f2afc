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

// A constant JSON object was asked for a name that it does not have. (KeyError)
[[noreturn]] void throw_no_such_name();

}  // namespace tornado::core

// The library's own checks end the program, or do nothing where NDEBUG is defined. The only one
// that can fail is that of `constant_object["name"]`, and what names there are a client says.
#ifndef JSON_ASSERT
#define JSON_ASSERT(condition) \
  (static_cast<bool>(condition) ? static_cast<void>(0) : ::tornado::core::throw_no_such_name())
#endif
#include <nlohmann/json.hpp>

namespace tornado {

namespace core {

// A vector whose items are looked for: `constant_array[7]` throws std::out_of_range if there are
// fewer. (IndexError)
template <class T, class Allocator>
class JsonArray : public std::vector<T, Allocator> {
  using Base = std::vector<T, Allocator>;

 public:
  using Base::Base;
  // The library takes this one for its constant values too.
  T& operator[](std::size_t index) { return Base::at(index); }
  const T& operator[](std::size_t index) const { return Base::at(index); }
};

}  // namespace core

// A JSON value. Objects keep the order in which their names were added, as Python's dict does.
//
// value["name"] and value[7] of a constant value throw std::out_of_range where nothing is there; of
// another one they add a null. value.at("name") throws in both, and says the name.
using json = nlohmann::basic_json<nlohmann::ordered_map, core::JsonArray>;

namespace escape {

// Not JSON: what() says what is wrong and at which byte. Python: json.JSONDecodeError.
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

// A value that JSON has no form for: a string that is not UTF-8, or binary data. Python: TypeError.
class JSONEncodeError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

// Deepest nesting of arrays and objects that json_decode takes.
inline constexpr std::size_t kMaxJsonDepth = 512;

// The text of a value as Python's json.dumps writes it: ", " and ": " between parts, only ASCII
// (\uXXXX), floats in the shortest form that reads back. "</" becomes "<\/", so that the text can
// stand inside <script>. Infinities and NaN become null, as in a browser, because JSON has no such
// numbers (RFC 8259 section 6). Throws JSONEncodeError. Tornado: json_encode.
std::string json_encode(const json& value);

// Parses one JSON text (RFC 8259). Of equal names in an object the last counts. Integers outside 64
// bits become floats. Throws JSONDecodeError, also for nesting deeper than `max_depth`. Time grows
// as n log n at worst, whatever the input. Unlike Python, rejects NaN and Infinity. Tornado:
// json_decode.
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

// What functions return that are declared without the JSON library.
template <>
struct core::JsonType<void> {
  using type = json;
};

}  // namespace tornado
