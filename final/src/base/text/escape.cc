#include <tornado/escape.h>

#include <array>

#include "base/text/ascii.h"
#include "base/text/unicode.h"
#include "base/text/xhtml_escape.h"

namespace tornado::escape {
namespace {

// Returns the escape for a byte that is special in HTML, null for any other.
constexpr std::array<const char*, 256> kReferences = [] {
  std::array<const char*, 256> references{};
  references['&'] = "&amp;";
  references['<'] = "&lt;";
  references['>'] = "&gt;";
  references['"'] = "&quot;";
  references['\''] = "&#x27;";
  return references;
}();

bool is_unreserved(char c) {
  return is_alnum(c) || c == '_' || c == '.' || c == '-' || c == '~';
}

// Bytes up to 0x20 never occur inside a longer UTF-8 character, so checking bytes suffices.
bool is_squeezed(char c) {
  return static_cast<unsigned char>(c) <= 0x20;
}

}  // namespace

void append_xhtml_escaped(std::string& out, std::string_view value) {
  std::size_t plain = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char* reference = kReferences[static_cast<unsigned char>(value[i])];
    if (reference == nullptr) continue;
    out.append(value, plain, i - plain);
    out.append(reference);
    plain = i + 1;
  }
  out.append(value, plain);
}

std::string xhtml_escape(std::string_view value) {
  std::string out;
  out.reserve(value.size());
  append_xhtml_escaped(out, value);
  return out;
}

std::string url_escape(std::string_view value, bool plus) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(value.size());
  for (const char c : value) {
    if (is_unreserved(c) || (c == '/' && !plus)) {
      out.push_back(c);
    } else if (c == ' ' && plus) {
      out.push_back('+');
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.append({'%', kHex[byte >> 4], kHex[byte & 15]});
    }
  }
  return out;
}

std::string url_unescape(std::string_view value, bool plus) {
  std::string out;
  out.reserve(value.size());
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if (c == '%' && i + 2 < value.size()) {
      const int high = hex_value(value[i + 1]);
      const int low = hex_value(value[i + 2]);
      if (high >= 0 && low >= 0) {
        out.push_back(static_cast<char>(high << 4 | low));
        i += 2;
        continue;
      }
    }
    out.push_back(c == '+' && plus ? ' ' : c);
  }
  return out;
}

std::string squeeze(std::string_view value) {
  std::string out;
  out.reserve(value.size());
  for (const char c : value) {
    if (!is_squeezed(c)) {
      out.push_back(c);
    } else if (out.empty() || out.back() != ' ') {
      out.push_back(' ');
    }
  }
  return std::string(strip_unicode(out));
}

std::vector<std::pair<std::string, std::string>> parse_qs_bytes(std::string_view qs) {
  std::vector<std::pair<std::string, std::string>> pairs;
  while (!qs.empty()) {
    std::string_view value = take_until(qs, '&');
    if (value.empty()) continue;
    const std::string_view name = take_until(value, '=');
    pairs.emplace_back(url_unescape(name), url_unescape(value));
  }
  return pairs;
}

}  // namespace tornado::escape
