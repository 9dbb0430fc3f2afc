// Internal header: Python's two ways to format.
#pragma once

#include <tornado/template_value.h>

#include <string>
#include <string_view>

namespace tornado::template_::detail {

// text % values
std::string percent_format(std::string_view text, const Value& values);
// text.format(...)
std::string brace_format(std::string_view text, const Arguments& arguments);
// format(value, spec)
std::string format_value(const Value& value, std::string_view spec);

}  // namespace tornado::template_::detail
