// Internal header. The library that knows the scripts.
#pragma once

#include <string>

namespace tornado::http {

// Turns `name`, UTF-8, into its ASCII form. Returns nothing, or why there is none. Without
// libidn2 there never is.
[[nodiscard]] std::string to_ascii_name(std::string& name);

}  // namespace tornado::http
