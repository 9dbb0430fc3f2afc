// Internal header: the names that every template has.
#pragma once

#include <tornado/template_value.h>

#include <string>
#include <string_view>

namespace tornado::template_::detail {

// Returns the built-in of that name, or null. Each thread has its own.
const Value* find_builtin(std::string_view name);
// Returns the module that `import` finds: datetime, json; or null.
const Value* find_module(std::string_view name);
// Whether a function is the built-in xhtml_escape.
bool is_xhtml_escape(const Value& function);

// json.dumps and json_encode, json.loads.
std::string json_text(const Value& value);
Value parse_json(std::string_view text);

}  // namespace tornado::template_::detail
