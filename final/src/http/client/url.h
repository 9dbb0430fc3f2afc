// Internal header. The URLs a client fetches (RFC 3986, RFC 9110 4.2). Pure functions of text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tornado::http {

// "http://user:pass@host:8080/p?q#f" taken apart; the parts point into it.
struct ClientUrl {
  bool https = false;
  bool has_userinfo = false;
  std::string_view username;   // still percent-encoded
  std::string_view password;   // still percent-encoded
  std::string_view authority;  // host and port as written, as Host states them
  std::string_view host;       // without port, and without an IPv6 address's brackets
  std::uint16_t port = 0;
  std::string_view path_and_query;  // empty, or begins with "/" or "?"; without the fragment
};

// Returns nullptr, or why the URL is refused: a scheme other than http and https, a missing or
// strange host, an invalid port, a blank or a control character anywhere.
[[nodiscard]] const char* parse_client_url(std::string_view url, ClientUrl& parts);

// Appends the request target, the text between method and version. Bytes from 0x80 on are
// percent-encoded; an empty target becomes "/".
void append_target(std::string& out, std::string_view path_and_query);

// Resolves a reference, such as a Location, against the absolute URL it came with (RFC 3986 5.2). A
// reference without a fragment keeps the base's (RFC 9110 10.2.2). Blanks in the reference's path,
// query and fragment are percent-encoded, as browsers do: URLs may not contain them, but servers
// send them.
std::string join_url(std::string_view base, std::string_view reference);

// Whether both have the same scheme, host and port: credentials for `a` may then be sent to `b`
// (RFC 6454).
[[nodiscard]] bool same_origin(const ClientUrl& a, const ClientUrl& b);

}  // namespace tornado::http
