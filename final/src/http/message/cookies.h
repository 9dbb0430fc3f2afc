// Internal header. Cookies on the wire (RFC 6265 4), read and written as Python's http.cookies
// does.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tornado::http {

// Undoes the quoting of a cookie value: `"a\"b\054"` gives `a"b,`. A value without quotes stays as
// it is.
std::string unquote_cookie(std::string_view value);
// A value that needs quotes gets them, and escapes inside: unquote_cookie() gives it back.
std::string quote_cookie(std::string_view value);

// Whether http.cookies lets a cookie have this name: letters, digits and !#$%&'*+-.^_`|~: but not
// the name of an attribute, such as "Path".
bool is_legal_cookie_name(std::string_view name);

// Browsers take a cookie with such a name only if it is Secure, and for the second kind, "__Host-",
// only if it has the path "/" and no domain (RFC 6265bis 4.1.3). The names count in any case.
bool needs_secure(std::string_view name);
bool needs_host_only(std::string_view name);

// What follows the value in a Set-Cookie field. Empty and false attributes are not written.
struct CookieAttributes {
  std::string_view domain;
  std::optional<std::int64_t> expires;  // seconds since 1970
  bool httponly = false;
  std::optional<std::int64_t> max_age;  // seconds
  std::string_view path;
  std::string_view samesite;
  bool secure = false;
};

// Why this cookie cannot be set: a static string; nullptr if it can. No part may hold what would
// end it early: controls, blanks, ";", in an attribute, blanks and controls in the value. A name
// with a prefix promises attributes: without them browsers drop the cookie silently.
const char* cookie_fault(std::string_view name, std::string_view value,
                         const CookieAttributes& attributes);

// The Set-Cookie field's value: `name=value; Path=/`. The cookie has no fault. Throws
// std::invalid_argument if `expires` is in a year outside 0-9999.
std::string format_set_cookie(std::string_view name, std::string_view value,
                              const CookieAttributes& attributes);

}  // namespace tornado::http
