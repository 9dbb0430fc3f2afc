// Public header: JSON values, json_encode and json_decode. The only public header that includes a
// JSON library; it is opt-in because it costs about a second of compile time. Mirrors the JSON part
// of tornado.escape.
#pragma once

#include <tornado/detail/json_box.h>
#include <tornado/detail/json_text.h>

#include <cstddef>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

namespace tornado {

// A JSON value. Objects keep the order in which their names were added, as Python's dict does.
using json = nlohmann::ordered_json;

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
struct detail::JsonText<json> {
  static std::string object_text(const json& value) {
    if (!value.is_object()) {
      throw std::invalid_argument("write() takes text or a JSON object, no other JSON value");
    }
    return escape::json_encode(value);
  }
};

// What functions return that are declared without the JSON library.
template <>
struct detail::JsonType<void> {
  using type = json;
};

}  // namespace tornado
