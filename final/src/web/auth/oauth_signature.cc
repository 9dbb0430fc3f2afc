#include "web/auth/oauth_signature.h"

#include <tornado/escape.h>

#include <algorithm>
#include <stdexcept>

#include "base/text/ascii.h"
#include "base/text/base64.h"
#include "http/client/url.h"
#include "web/handler/crypto.h"

namespace tornado::auth {
namespace {

constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kHttpsPort = 443;

// The URL without its query, and without the scheme's default port (3.4.1.2).
std::string base_string_uri(const http::ClientUrl& url) {
  const bool address = url.host.find(':') != url.host.npos;
  std::string uri = url.https ? "https://" : "http://";
  uri += address ? "[" + lower_case(url.host) + "]" : lower_case(url.host);
  if (url.port != (url.https ? kHttpsPort : kHttpPort)) uri += ":" + std::to_string(url.port);
  const std::string_view path = url.path_and_query.substr(0, url.path_and_query.find('?'));
  return uri.append(path.empty() ? "/" : path);
}

// Sorted by name, then by value, both as encoded for sending (3.4.1.3.2).
std::string normalized(const Parameters& parameters) {
  Parameters escaped;
  for (const auto& [name, value] : parameters) {
    escaped.emplace_back(oauth_escape(name), oauth_escape(value));
  }
  std::sort(escaped.begin(), escaped.end());
  std::string text;
  for (const auto& [name, value] : escaped) {
    if (!text.empty()) text += '&';
    text.append(name).append("=").append(value);
  }
  return text;
}

}  // namespace

std::string oauth_escape(std::string_view text) {
  // A "+" in the text is already %2B. The remaining "+" are spaces.
  std::string escaped;
  for (const char c : escape::url_escape(text)) {
    if (c == '+') {
      escaped += "%20";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string signature_base_string(std::string_view method, std::string_view url,
                                  const Parameters& parameters) {
  http::ClientUrl parts;
  if (const char* const problem = http::parse_client_url(url, parts)) {
    throw std::invalid_argument(problem);
  }
  Parameters all = parameters;
  const auto query = parts.path_and_query.find('?');
  if (query != parts.path_and_query.npos) {
    const Parameters more = escape::parse_qs_bytes(parts.path_and_query.substr(query + 1));
    all.insert(all.end(), more.begin(), more.end());
  }
  return oauth_escape(upper_case(method)) + "&" + oauth_escape(base_string_uri(parts)) + "&" +
         oauth_escape(normalized(all));
}

std::string hmac_sha1_signature(std::string_view base_string, std::string_view consumer_secret,
                                std::string_view token_secret) {
  const std::string key = oauth_escape(consumer_secret) + "&" + oauth_escape(token_secret);
  return base64_encode(web::hmac_sha1(key, base_string));
}

std::string oauth_authorization(const Parameters& parameters) {
  std::string text;
  for (const auto& [name, value] : parameters) {
    text += text.empty() ? "OAuth " : ", ";
    text += oauth_escape(name) + "=\"" + oauth_escape(value) + "\"";
  }
  return text;
}

}  // namespace tornado::auth
