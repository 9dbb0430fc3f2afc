// Internal header: text with values in it. The formatting is libfmt's; what is here finds the
// fields.
#pragma once

#include <tornado/template_value.h>

#include <string>
#include <string_view>

namespace tornado::template_::detail {

// text % values: %s %d %f and their like, %(name)s, and flags, width and precision.
std::string percent_format(std::string_view text, const Value& values);
// text.format(...): {}, {0}, {name}, and after a colon what fmt knows.
std::string brace_format(std::string_view text, const Arguments& arguments);

// Throw RenderError (ValueError) for a text with fields that the functions above do not know.
void check_percent_format(std::string_view text);
void check_brace_format(std::string_view text);

}  // namespace tornado::template_::detail
