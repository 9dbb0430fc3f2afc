// Internal header. The parts of URLs in requests: targets, hosts (RFC 3986, RFC 9112 3.2).
#pragma once

#include <string>
#include <string_view>

namespace tornado::http {

// "http://h:1/p?q" taken apart; the parts point into the target.
struct AbsoluteTarget {
  std::string_view authority;       // never empty, always a valid host
  std::string_view path_and_query;  // empty, or begins with "/" or "?"
};

// Returns false for a scheme other than http or https, for an empty or invalid host, and for user
// information (RFC 9110 4.2).
[[nodiscard]] bool split_absolute_target(std::string_view target, AbsoluteTarget& parts);

// Whether `host` may be a Host field: empty, a name or an address, "[IPv6]", each with or without
// ":port". Stricter than RFC 3986 in one point: no comma, which a list of two hosts would contain
// (behaviour of Tornado).
[[nodiscard]] bool is_valid_host(std::string_view host);

// Returns a Host value in lower case and without its port. Tornado: host_name.
std::string host_name(std::string_view host);

}  // namespace tornado::http
