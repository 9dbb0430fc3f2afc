#include "http/client/idna.h"

#include <algorithm>

#include "http/client/idna_label.h"
#include "http/message/chars.h"

namespace tornado::http {
namespace {

struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// Finds the host in `url`, as other URL parsers see it.
Span find_host(std::string_view url) {
  const std::size_t slashes = url.find("://");
  if (slashes == std::string_view::npos) return {};
  const std::size_t begin = slashes + 3;
  const std::size_t end = std::min(url.find_first_of("/?#", begin), url.size());
  const std::size_t at = url.substr(begin, end - begin).rfind('@');
  const std::size_t host = at == std::string_view::npos ? begin : begin + at + 1;
  return {host, std::min(url.find(':', host), end)};
}

// The mapping turns some characters into ones with a meaning in a URL, such as a slash.
bool is_plain_name(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](char c) {
    return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_';
  });
}

}  // namespace

bool has_international_host(std::string_view url) {
  const Span host = find_host(url);
  return std::any_of(url.begin() + static_cast<std::ptrdiff_t>(host.begin),
                     url.begin() + static_cast<std::ptrdiff_t>(host.end),
                     [](char c) { return byte(c) >= 0x80; });
}

std::string encode_host(std::string& url) {
  const Span host = find_host(url);
  std::string name = url.substr(host.begin, host.end - host.begin);
  std::string reason = to_ascii_name(name);
  if (reason.empty() && !is_plain_name(name)) reason = "a character that no name has";
  if (!reason.empty()) return "invalid international host in URL (" + reason + ")";
  url.replace(host.begin, host.end - host.begin, name);
  return {};
}

}  // namespace tornado::http
