// Internal header. Text and code as HTML.
#pragma once

#include <string>
#include <string_view>

namespace course {

// Text with `code` in it.
std::string inline_code(std::string_view text);

// A program in colours: spans of the classes comment, string, keyword and directive. `kind` is what
// stands behind a fence ("cpp", "python", "console") or behind the dot of a file's name ("cc");
// what is not known has no colours.
std::string highlight(std::string_view code, std::string_view kind);

// As highlight(), for a whole file: what stands behind `// [NAME]` or `# [NAME]` can be linked to
// as #NAME.
std::string highlight_file(std::string_view code, std::string_view kind);

}  // namespace course
