#include "net/redis/url.h"

#include <tornado/escape.h>

#include <stdexcept>
#include <string_view>

#include "base/text/number_text.h"

namespace tornado::redis {
namespace {

[[noreturn]] void reject(const std::string& why) {
  throw std::invalid_argument("bad URL of Redis: " + why +
                              "; it must be like redis://[[user]:password@]host[:port][/database]");
}

// Returns a number of at most `max`, all digits.
int number(std::string_view text, unsigned max, const char* what) {
  const auto value = parse_number<unsigned>(text);
  if (!value || *value > max) {
    reject(std::string("the ") + what + " must be a number up to " + std::to_string(max));
  }
  return static_cast<int>(*value);
}

// Removes and returns what follows the last `mark`; empty, and no change, if there is none.
std::string_view cut_after(std::string_view& text, char mark) {
  const auto at = text.rfind(mark);
  if (at == std::string_view::npos) return {};
  const auto rest = text.substr(at + 1);
  text = text.substr(0, at);
  return rest;
}

void read_credentials(std::string_view text, URL& url) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) reject("there is a user, but no password");
  url.user = escape::url_unescape(text.substr(0, colon), false);
  url.password = escape::url_unescape(text.substr(colon + 1), false);
  if (url.password.empty()) reject("the password is empty");
}

}  // namespace

std::string URL::shown() const {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return "redis://" + (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

URL parse_url(const std::string& text) {
  constexpr std::string_view kScheme = "redis://";
  std::string_view rest = text;
  if (rest.starts_with("rediss://")) reject("TLS (rediss://) is not supported");
  if (!rest.starts_with(kScheme)) reject("it does not begin with redis://");
  rest.remove_prefix(kScheme.size());
  URL url;
  if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
    read_credentials(rest.substr(0, at), url);
    rest.remove_prefix(at + 1);
  }
  if (rest.find_first_of("?#") != std::string_view::npos) reject("it has no query and no fragment");
  const auto database = cut_after(rest, '/');
  if (!database.empty()) url.database = number(database, 1'000'000, "database");
  if (rest.starts_with('[')) {
    const auto end = rest.find(']');
    if (end == std::string_view::npos) reject("the '[' of an IPv6 address is not closed");
    url.host = rest.substr(1, end - 1);
    rest.remove_prefix(end + 1);
    if (!rest.empty() && rest[0] != ':') reject("only a port may follow an address");
    if (!rest.empty()) url.port = number(rest.substr(1), 65'535, "port");
  } else {
    const auto colon = rest.find(':');
    url.host = rest.substr(0, colon);
    if (colon != std::string_view::npos) {
      url.port = number(rest.substr(colon + 1), 65'535, "port");
    }
  }
  if (url.host.empty()) reject("it names no host");
  if (url.host.find_first_of(" \t/") != std::string::npos)
    reject("the host has a blank or a slash");
  if (url.port == 0) reject("the port is 0");
  return url;
}

}  // namespace tornado::redis
