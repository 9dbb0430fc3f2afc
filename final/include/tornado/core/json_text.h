// Internal header: how RequestHandler::write takes a JSON value without knowing the JSON library.
#pragma once

namespace tornado::core {

// Specialised by <tornado/json.h>: `static std::string object_text(const T&)` gives the text of a
// JSON object, and throws std::invalid_argument for any other JSON value.
template <class T>
struct JsonText;

}  // namespace tornado::core
