// Internal header: how the rest of the library takes JSON values without knowing the JSON library.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tornado::core {

// Specialised by <tornado/json.h>: `static std::string object_text(const T&)` gives the text of a
// JSON object, and throws std::invalid_argument for any other JSON value.
template <class T>
struct JsonText;

// Specialised by <tornado/json.h> for classes that only the JSON library can convert:
// `static nlohmann::json of(const T&)`.
template <class T>
struct JsonForm;
template <class T>
concept HasJsonForm = requires(const T& value) { JsonForm<T>::of(value); };

// A part of a JSON value that is not what was wanted.
struct JsonFieldError {
  std::string path;     // a JSON pointer, RFC 6901; empty for the value itself
  std::string message;  // "expected a number", "is missing"
};

// The reasons why a JSON text is not a T.
struct JsonErrors {
  std::string malformed;  // why it is not JSON at all; empty if it is
  std::vector<JsonFieldError> fields;

  explicit operator bool() const noexcept { return !malformed.empty() || !fields.empty(); }
};

// `JsonReading<void>::read(text, result)` reads a T, once <tornado/json.h> is included. `Use`
// delays the question until a function that needs it is called.
template <class Use>
struct JsonReading {
  static_assert(sizeof(Use*) == 0, "reading JSON needs a line #include <tornado/json.h>");
};

}  // namespace tornado::core
