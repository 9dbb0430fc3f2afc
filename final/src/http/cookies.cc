#include "http/cookies.h"

#include <algorithm>

#include "http/chars.h"
#include "tornado/httputil.h"

namespace tornado::http {
namespace {

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

bool is_legal_cookie_name(std::string_view name) {
  return !name.empty() &&
         std::all_of(name.begin(), name.end(), [](char c) { return is_token_char(c) || c == ':'; });
}

}  // namespace tornado::http

namespace tornado::httputil {

Cookies parse_cookie(std::string_view cookie) {
  Cookies cookies;
  while (!cookie.empty()) {
    const std::size_t semicolon = std::min(cookie.find(';'), cookie.size());
    const std::string_view pair = cookie.substr(0, semicolon);
    cookie.remove_prefix(std::min(semicolon + 1, cookie.size()));
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
