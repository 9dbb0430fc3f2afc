// Internal header. The interface to libidn2, which knows the scripts.
#pragma once

#include <string>

namespace tornado::http {

// Converts `name`, UTF-8, to its ASCII form. Returns nothing, or why there is none. Without libidn2
// there never is one.
[[nodiscard]] std::string to_ascii_name(std::string& name);

}  // namespace tornado::http
