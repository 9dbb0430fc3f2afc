// Internal header. The Cookie request field (RFC 6265 4.2), read as Python's http.cookies reads it.
#pragma once

#include <string>
#include <string_view>

namespace tornado::http {

// Undoes the quoting of a cookie value: `"a\"b\054"` gives `a"b,`. A value without quotes stays as
// it is.
std::string unquote_cookie(std::string_view value);

// Whether http.cookies lets a cookie have this name: letters, digits and !#$%&'*+-.^_`|~:
bool is_legal_cookie_name(std::string_view name);

}  // namespace tornado::http
