// Internal header. Text and code as HTML.
#pragma once

#include <string>
#include <string_view>

namespace course {

// Converts text with `code` in it.
std::string inline_code(std::string_view text);

// Colours a program: spans of the classes comment, string, keyword and directive. `kind` is the
// word after a fence ("cpp", "python", "console") or after the dot of a file's name ("cc"); an
// unknown kind gets no colours.
std::string highlight(std::string_view code, std::string_view kind);

// Like highlight(), for a whole file: line 12 can be linked to as #L12, and the text between
// `// [NAME]` and `// [/NAME]` as #NAME.
std::string highlight_file(std::string_view code, std::string_view kind);

}  // namespace course
