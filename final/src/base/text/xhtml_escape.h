// Internal header: xhtml_escape() into an existing buffer.
#pragma once

#include <string>
#include <string_view>

namespace tornado::escape {

// Appends xhtml_escape(value).
void append_xhtml_escaped(std::string& out, std::string_view value);

}  // namespace tornado::escape
