#include <tornado/json.h>

#include <charconv>
#include <cmath>

#include "base/unicode.h"

namespace tornado::escape {
namespace {

void append_unit(std::string& out, std::uint32_t unit) {
  constexpr char kHex[] = "0123456789abcdef";
  out.append({'\\', 'u', kHex[unit >> 12], kHex[(unit >> 8) & 15], kHex[(unit >> 4) & 15],
              kHex[unit & 15]});
}

void append_code_point(std::string& out, std::uint32_t c) {
  if (c < 0x10000) {
    append_unit(out, c);
  } else {  // two UTF-16 units, RFC 8259 section 7
    append_unit(out, 0xD800 + ((c - 0x10000) >> 10));
    append_unit(out, 0xDC00 + ((c - 0x10000) & 0x3FF));
  }
}

// The letter after "\" for characters that have a short escape, else 0.
char short_escape(char c) {
  switch (c) {
    case '"':
    case '\\':
      return c;
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    case '\f':
      return 'f';
    case '\b':
      return 'b';
    default:
      return 0;
  }
}

void append_string(std::string& out, std::string_view text) {
  out.push_back('"');
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (const char letter = short_escape(c)) {
      out.push_back('\\');
      out.push_back(letter);
      ++i;
    } else if (c >= 0x20 && c < 0x7F) {
      if (c == '/' && i > 0 && text[i - 1] == '<') out.push_back('\\');
      out.push_back(c);
      ++i;
    } else {
      const CodePoint point = decode_utf8(text.substr(i));
      if (point.length == 0) throw JSONEncodeError("json_encode: string is not UTF-8");
      append_code_point(out, point.value);
      i += point.length;
    }
  }
  out.push_back('"');
}

// Python's repr(float): the shortest digits that read back; an exponent below 1e-4 and from 1e16
// on.
void append_float(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out.append("null");
    return;
  }
  char text[40];
  const double magnitude = std::abs(value);
  const bool exponent = magnitude != 0 && (magnitude < 1e-4 || magnitude >= 1e16);
  const auto format = exponent ? std::chars_format::scientific : std::chars_format::fixed;
  const auto end = std::to_chars(text, text + sizeof text, value, format).ptr;
  const std::string_view digits(text, static_cast<std::size_t>(end - text));
  out.append(digits);
  if (!exponent && digits.find('.') == digits.npos) out.append(".0");
}

template <typename Integer>
void append_integer(std::string& out, Integer value) {
  char text[24];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  out.append(text, static_cast<std::size_t>(end - text));
}

void append_value(std::string& out, const json& value) {
  switch (value.type()) {
    case json::value_t::null:
      out.append("null");
      break;
    case json::value_t::boolean:
      out.append(value.get<bool>() ? "true" : "false");
      break;
    case json::value_t::number_integer:
      append_integer(out, value.get<std::int64_t>());
      break;
    case json::value_t::number_unsigned:
      append_integer(out, value.get<std::uint64_t>());
      break;
    case json::value_t::number_float:
      append_float(out, value.get<double>());
      break;
    case json::value_t::string:
      append_string(out, value.get_ref<const std::string&>());
      break;
    case json::value_t::array: {
      const char* separator = "[";
      for (const json& item : value) {
        out.append(separator);
        append_value(out, item);
        separator = ", ";
      }
      out.append(value.empty() ? "[]" : "]");
      break;
    }
    case json::value_t::object: {
      const char* separator = "{";
      for (const auto& [name, member] : value.items()) {
        out.append(separator);
        append_string(out, name);
        out.append(": ");
        append_value(out, member);
        separator = ", ";
      }
      out.append(value.empty() ? "{}" : "}");
      break;
    }
    case json::value_t::binary:
    case json::value_t::discarded:
      throw JSONEncodeError("json_encode: JSON has no form for this value");
  }
}

}  // namespace

std::string json_encode(const json& value) {
  std::string out;
  append_value(out, value);
  return out;
}

}  // namespace tornado::escape
