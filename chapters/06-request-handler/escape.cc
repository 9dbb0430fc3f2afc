#include "06-request-handler/escape.h"

#include <array>
#include <cstdio>

#include "05-http/text.h"

namespace mini {
namespace {

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~").find(c) != std::string_view::npos;
}

const char* entity(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return nullptr;
  }
}

}  // namespace

// [unescape]
std::string url_unescape(std::string_view text, bool plus) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte =
        text[i] == '%' && i + 2 < text.size() ? to_size(text.substr(i + 1, 2), 16) : std::nullopt;
    if (byte) i += 2;
    plain += byte ? static_cast<char>(*byte) : plus && text[i] == '+' ? ' ' : text[i];
  }
  return plain;
}
// [/unescape]

std::string url_escape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    std::array<char, 4> code;
    std::snprintf(code.data(), code.size(), "%%%02X", static_cast<unsigned char>(c));
    escaped += is_unreserved(c) ? std::string(1, c) : code.data();
  }
  return escaped;
}

std::string xhtml_escape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (const char* const replacement = entity(c)) {
      escaped += replacement;
    } else {
      escaped += c;
    }
  }
  return escaped;
}

// [query]
Arguments parse_query(std::string_view query) {
  Arguments arguments;
  while (!query.empty()) {
    const auto taken = take_before(query, "&");
    std::string_view value = taken.value_or(query);
    if (!taken) query = {};
    const auto name = take_before(value, "=");
    if (name) {
      arguments.emplace_back(url_unescape(*name, true), url_unescape(value, true));
    } else if (!value.empty()) {
      arguments.emplace_back(url_unescape(value, true), "");
    }
  }
  return arguments;
}
// [/query]

}  // namespace mini
