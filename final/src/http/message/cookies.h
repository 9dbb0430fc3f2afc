// Internal header. Cookies on the wire (RFC 6265 4), read and written as Python's http.cookies
// does.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tornado::http {

// Undoes the quoting of a cookie value: `"a\"b\054"` becomes `a"b,`. A value without quotes is
// unchanged.
std::string unquote_cookie(std::string_view value);
// Quotes and escapes a value that needs it; unquote_cookie() restores the original.
std::string quote_cookie(std::string_view value);

// Whether http.cookies accepts this name for a cookie: letters, digits and !#$%&'*+-.^_`
// ~: but not the name of an attribute, such as "Path".
bool is_legal_cookie_name(std::string_view name);

// Browsers accept a cookie with such a name only if it is Secure, and for the second kind,
// "__Host-", only if it also has the path "/" and no domain (RFC 6265bis 4.1.3). The case of the
// name does not matter.
bool needs_secure(std::string_view name);
bool needs_host_only(std::string_view name);

// The attributes after the value in a Set-Cookie field. Empty and false ones are not written.
struct CookieAttributes {
  std::string_view domain;
  std::optional<std::int64_t> expires;  // seconds since 1970
  bool httponly = false;
  std::optional<std::int64_t> max_age;  // seconds
  std::string_view path;
  std::string_view samesite;
  bool secure = false;
};

// Returns why this cookie cannot be set, as a static string; nullptr if it can. No part may contain
// characters that would end it early: controls, blanks and ";" in an attribute, blanks and controls
// in the value. A name with a prefix promises attributes: without them browsers silently drop the
// cookie.
const char* cookie_fault(std::string_view name, std::string_view value,
                         const CookieAttributes& attributes);

// Returns the value of the Set-Cookie field: `name=value; Path=/`. The cookie must be valid. Throws
// std::invalid_argument if the year of `expires` is outside 0-9999.
std::string format_set_cookie(std::string_view name, std::string_view value,
                              const CookieAttributes& attributes);

}  // namespace tornado::http
