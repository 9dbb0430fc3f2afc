#include "http/message/url.h"

#include <algorithm>
#include <array>

#include "base/text/number_text.h"
#include "http/message/chars.h"
#include "tornado/escape.h"
#include "tornado/httputil.h"

namespace tornado::http {
namespace {

// The characters of a registered name (RFC 3986 3.2.2) except the comma and "%", which must be
// followed by two digits.
constexpr std::array<bool, 256> kNameChars = [] {
  std::array<bool, 256> table{};
  for (std::size_t i = 1; i < table.size(); ++i) {
    const char c = static_cast<char>(i);
    table[i] = is_digit(c) || is_alpha(c) ||
               std::string_view("-._~!$&'()*+;=").find(c) != std::string_view::npos;
  }
  return table;
}();

bool is_name_char(char c) {
  return kNameChars[byte(c)];
}

// Returns the size of the registered name that `host` begins with; may be 0.
std::size_t registered_name_size(std::string_view host) {
  std::size_t size = 0;
  for (; size < host.size(); ++size) {
    if (is_name_char(host[size])) continue;
    if (host[size] != '%' || size + 2 >= host.size()) break;
    if (hex_value(host[size + 1]) < 0 || hex_value(host[size + 2]) < 0) break;
    size += 2;
  }
  return size;
}

// Returns the size of the address in brackets that `host` begins with; 0 if there is none.
std::size_t address_literal_size(std::string_view host) {
  const std::size_t bracket = host.find(']');
  if (bracket == std::string_view::npos || bracket < 2) return 0;
  const std::string_view address = host.substr(1, bracket - 1);
  const bool valid = std::all_of(address.begin(), address.end(),
                                 [](char c) { return is_name_char(c) || c == ':'; });
  return valid ? bracket + 1 : 0;
}

// Returns where the ":port" of a host begins, or the host's size if it has none.
std::size_t port_position(std::string_view host) {
  if (host.starts_with('[')) {
    const std::size_t bracket = host.find(']');
    return bracket == std::string_view::npos ? host.size() : bracket + 1;
  }
  std::size_t size = 0;  // hosts are too short for memchr to pay off
  while (size < host.size() && host[size] != ':') ++size;
  return size;
}

}  // namespace

bool is_valid_host(std::string_view host) {
  const std::size_t name_size =
      host.starts_with('[') ? address_literal_size(host) : registered_name_size(host);
  if (name_size == host.size()) return true;
  const std::string_view digits = host.substr(name_size + 1);
  return name_size > 0 && host[name_size] == ':' &&
         std::all_of(digits.begin(), digits.end(), is_digit);
}

bool split_absolute_target(std::string_view target, AbsoluteTarget& parts) {
  const std::size_t colon = target.find(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view scheme = target.substr(0, colon);
  if (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https")) return false;
  std::string_view rest = target.substr(colon + 1);
  if (!rest.starts_with("//")) return false;
  rest.remove_prefix(2);
  const std::size_t end = std::min(rest.find_first_of("/?#"), rest.size());
  parts.authority = rest.substr(0, end);
  parts.path_and_query = rest.substr(end);
  return !parts.authority.empty() && is_valid_host(parts.authority) &&
         !parts.path_and_query.starts_with('#');
}

std::string host_name(std::string_view host) {
  std::string name(host.substr(0, port_position(host)));
  std::transform(name.begin(), name.end(), name.begin(), to_lower);
  return name;
}

}  // namespace tornado::http

namespace tornado::httputil {

std::string url_concat(std::string_view url,
                       const std::vector<std::pair<std::string, std::string>>& args) {
  if (args.empty()) return std::string(url);
  const std::size_t fragment = std::min(url.find('#'), url.size());
  const std::size_t query = std::min(url.substr(0, fragment).find('?'), fragment);
  std::string result(url.substr(0, query));
  char separator = '?';
  const auto append = [&](const auto& pairs) {
    for (const auto& [name, value] : pairs) {
      result += separator;
      result += escape::url_escape(name);
      result += '=';
      result += escape::url_escape(value);
      separator = '&';
    }
  };
  if (query < fragment) {
    append(escape::parse_qs_bytes(url.substr(query + 1, fragment - query - 1)));
  }
  append(args);
  result += url.substr(fragment);
  return result;
}

std::pair<std::string, std::optional<int>> split_host_and_port(std::string_view netloc) {
  const std::size_t colon = netloc.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return {std::string(netloc), std::nullopt};
  const auto port = parse_number<std::uint16_t>(netloc.substr(colon + 1));
  if (!port) return {std::string(netloc), std::nullopt};
  return {std::string(netloc.substr(0, colon)), *port};
}

std::string encode_username_password(std::string_view username, std::string_view password) {
  return std::string(username).append(":").append(password);
}

std::vector<std::pair<std::string, std::string>> qs_to_qsl(const Arguments& arguments) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto& [name, values] : arguments) {
    for (const std::string& value : values) pairs.emplace_back(name, value);
  }
  return pairs;
}

}  // namespace tornado::httputil
