#include "http/message/cookies.h"

#include <algorithm>
#include <array>

#include "http/message/chars.h"
#include "tornado/httputil.h"

namespace tornado::http {
namespace {

// The names that http.cookies reserves for itself.
constexpr std::array<std::string_view, 9> kAttributeNames = {
    "expires", "path", "comment", "domain", "max-age", "secure", "httponly", "version", "samesite"};

constexpr std::string_view kHostPrefix = "__Host-";
constexpr std::string_view kSecurePrefix = "__Secure-";

// Characters that http.cookies leaves unchanged inside quotes, but not outside.
constexpr std::string_view kLiteralInQuotes = " ()/<=>?@[]{}";

bool is_legal_in_cookie(char c) {
  return is_token_char(c) || c == ':';
}

bool ends_value(char c) {
  return byte(c) <= 0x20 || c == '\x7f';
}

bool ends_attribute(char c) {
  return ends_value(c) || c == ';';
}

bool is_octal(char c, char highest) {
  return c >= '0' && c <= highest;
}

bool is_octal_escape(std::string_view text) {
  return text.size() >= 3 && is_octal(text[0], '3') && is_octal(text[1], '7') &&
         is_octal(text[2], '7');
}

}  // namespace

std::string unquote_cookie(std::string_view value) {
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') return std::string(value);
  value = value.substr(1, value.size() - 2);
  std::string text;
  text.reserve(value.size());
  for (std::size_t i = 0; i < value.size(); ++i) {
    const std::string_view behind = value.substr(i + 1);
    if (value[i] != '\\' || behind.empty()) {
      text += value[i];
    } else if (is_octal_escape(behind)) {
      text += static_cast<char>((behind[0] - '0') * 64 + (behind[1] - '0') * 8 + behind[2] - '0');
      i += 3;
    } else {
      text += behind.front();
      ++i;
    }
  }
  return text;
}

std::string quote_cookie(std::string_view value) {
  if (!value.empty() && std::all_of(value.begin(), value.end(), is_legal_in_cookie)) {
    return std::string(value);
  }
  std::string text = "\"";
  for (const char c : value) {
    if (is_legal_in_cookie(c) || kLiteralInQuotes.find(c) != kLiteralInQuotes.npos) {
      text += c;
    } else if (c == '"' || c == '\\') {
      text += {'\\', c};
    } else {
      const auto octal = [c](int shift) { return static_cast<char>('0' + (byte(c) >> shift & 7)); };
      text += {'\\', octal(6), octal(3), octal(0)};
    }
  }
  return text += '"';
}

bool is_legal_cookie_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), is_legal_in_cookie) &&
         std::none_of(kAttributeNames.begin(), kAttributeNames.end(),
                      [name](std::string_view own) { return equals_ignoring_case(name, own); });
}

bool needs_host_only(std::string_view name) {
  return starts_with_ignoring_case(name, kHostPrefix);
}

bool needs_secure(std::string_view name) {
  return needs_host_only(name) || starts_with_ignoring_case(name, kSecurePrefix);
}

const char* cookie_fault(std::string_view name, std::string_view value,
                         const CookieAttributes& attributes) {
  if (!is_legal_cookie_name(name)) return "its name is not one a cookie may have";
  if (needs_secure(name) && !attributes.secure) return "its name takes secure()";
  if (needs_host_only(name) && (attributes.path != "/" || !attributes.domain.empty())) {
    return "its name takes the path \"/\" and no domain";
  }
  if (std::any_of(value.begin(), value.end(), ends_value)) {
    return "its value has a blank or a control character";
  }
  for (const std::string_view text : {attributes.domain, attributes.path, attributes.samesite}) {
    if (std::any_of(text.begin(), text.end(), ends_attribute)) {
      return "its domain, path or samesite has a blank, a semicolon or a control character";
    }
  }
  return nullptr;
}

std::string format_set_cookie(std::string_view name, std::string_view value,
                              const CookieAttributes& attributes) {
  std::string text = std::string(name) + "=" + quote_cookie(value);
  const auto add = [&text](std::string_view attribute, std::string_view attribute_value) {
    if (!attribute_value.empty()) text.append("; ").append(attribute).append(attribute_value);
  };
  // In the order and spelling of http.cookies.
  add("Domain=", attributes.domain);
  if (attributes.expires) add("expires=", httputil::format_timestamp(*attributes.expires));
  if (attributes.httponly) text += "; HttpOnly";
  if (attributes.max_age) add("Max-Age=", std::to_string(*attributes.max_age));
  add("Path=", attributes.path);
  add("SameSite=", attributes.samesite);
  if (attributes.secure) text += "; Secure";
  return text;
}

}  // namespace tornado::http

namespace tornado::httputil {

Cookies parse_cookie(std::string_view cookie) {
  Cookies cookies;
  while (!cookie.empty()) {
    const std::string_view pair = take_until(cookie, ';');
    // Browsers send a cookie without a name as its value alone.
    const std::size_t equals = pair.find('=');
    const bool named = equals != std::string_view::npos;
    const std::string_view name = named ? http::trim_blanks(pair.substr(0, equals)) : "";
    const std::string_view value = http::trim_blanks(named ? pair.substr(equals + 1) : pair);
    if (name.empty() && value.empty()) continue;
    cookies.insert_or_assign(std::string(name), http::unquote_cookie(value));
  }
  return cookies;
}

}  // namespace tornado::httputil
