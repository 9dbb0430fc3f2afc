#include "http/client/idna.h"

#ifdef TORNADO_WITH_IDN
#include <idn2.h>
#endif

#include <algorithm>

#include "base/text/ascii.h"
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
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return is_alnum(c) || c == '-' || c == '.' || c == '_'; });
}

// Converts `name`, UTF-8, to its ASCII form. Returns nothing, or why there is none.
#ifdef TORNADO_WITH_IDN
std::string to_ascii_name(std::string& name) {
  // The library would take it for the end.
  if (name.find('\0') != std::string::npos) return "a NUL";
  char* ascii = nullptr;
  const int status =
      ::idn2_to_ascii_8z(name.c_str(), &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  if (status != IDN2_OK) return ::idn2_strerror(status);
  name = ascii;
  ::idn2_free(ascii);
  return {};
}
#else
std::string to_ascii_name(const std::string& /*name*/) {
  return "this library was built without libidn2";
}
#endif

}  // namespace

bool has_international_host(std::string_view url) {
  if (is_ascii(url)) return false;
  const Span host = find_host(url);
  return !is_ascii(url.substr(host.begin, host.end - host.begin));
}

std::string encode_host(std::string& url) {
  const Span host = find_host(url);
  std::string name = url.substr(host.begin, host.end - host.begin);
  std::string reason = to_ascii_name(name);
  if (reason.empty() && !is_plain_name(name)) reason = "a character that host names do not have";
  if (!reason.empty()) return "invalid international host in URL (" + reason + ")";
  url.replace(host.begin, host.end - host.begin, name);
  return {};
}

}  // namespace tornado::http
