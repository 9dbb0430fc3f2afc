#include "web/template/text.h"

#include <locale.h>
#include <wctype.h>

#include <algorithm>

#include "base/text/ascii.h"
#include "base/text/unicode.h"

namespace tornado::template_::detail {
namespace {

// The C library's tables of Unicode; "C.UTF-8" is built into glibc.
locale_t unicode_locale() {
  static const locale_t locale = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return locale;
}

wint_t map_case(std::uint32_t c, bool up) {
  const auto wide = static_cast<wint_t>(c);
  if (c < 0x80 || unicode_locale() == nullptr) {
    if (up) return c >= 'a' && c <= 'z' ? wide - 32 : wide;
    return c >= 'A' && c <= 'Z' ? wide + 32 : wide;
  }
  return up ? ::towupper_l(wide, unicode_locale()) : ::towlower_l(wide, unicode_locale());
}

// Calls `see(code point, its bytes)` for each character; bytes that are not UTF-8 get the code
// point 0xFFFD.
template <class See>
void each_character(std::string_view text, const See& see) {
  while (!text.empty()) {
    const escape::CodePoint point = escape::decode_utf8(text);
    const std::size_t bytes = std::max<std::size_t>(point.length, 1);
    see(point.length == 0 ? 0xFFFD : point.value, text.substr(0, bytes));
    text.remove_prefix(bytes);
  }
}

void append_mapped(std::string& out, std::uint32_t c, std::string_view bytes, bool up) {
  if (up && c == 0xDF) {
    out += "SS";
  } else if (c == 0xFFFD) {
    out += bytes;
  } else {
    escape::append_utf8(out, static_cast<std::uint32_t>(map_case(c, up)));
  }
}

std::string mapped(std::string_view text, bool up) {
  std::string out;
  out.reserve(text.size());
  each_character(
      text, [&](std::uint32_t c, std::string_view bytes) { append_mapped(out, c, bytes, up); });
  return out;
}

bool is_cased(std::uint32_t c) {
  const auto wide = static_cast<wint_t>(c);
  return c == 0xDF || map_case(c, false) != wide || map_case(c, true) != wide;
}

}  // namespace

std::size_t count_characters(std::string_view text) {
  if (is_ascii(text)) return text.size();
  return character_starts(text).size() - 1;
}

std::vector<std::size_t> character_starts(std::string_view text) {
  std::vector<std::size_t> starts;
  starts.reserve(text.size() + 1);
  std::size_t at = 0;
  each_character(text, [&](std::uint32_t, std::string_view bytes) {
    starts.push_back(at);
    at += bytes.size();
  });
  starts.push_back(at);
  return starts;
}

void append_quoted(std::string& out, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  const bool has_single = text.find('\'') != text.npos;
  const char quote = has_single && text.find('"') == text.npos ? '"' : '\'';
  out += quote;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == quote || c == '\\') {
      out.append({'\\', c});
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7F) {
      out.append({'\\', 'x', kHex[byte >> 4], kHex[byte & 15]});
    } else {
      out += c;
    }
  }
  out += quote;
}

std::string upper(std::string_view text) {
  return mapped(text, true);
}

std::string lower(std::string_view text) {
  return mapped(text, false);
}

std::string capitalize(std::string_view text) {
  std::string out;
  each_character(text, [&](std::uint32_t c, std::string_view bytes) {
    append_mapped(out, c, bytes, out.empty());
  });
  return out;
}

std::string title(std::string_view text) {
  std::string out;
  bool in_word = false;
  each_character(text, [&](std::uint32_t c, std::string_view bytes) {
    append_mapped(out, c, bytes, !in_word);
    in_word = is_cased(c);
  });
  return out;
}

}  // namespace tornado::template_::detail
