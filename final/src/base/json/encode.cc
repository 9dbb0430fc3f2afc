#include <tornado/json.h>

#include <cmath>

#include "base/text/number_text.h"
#include "base/text/unicode.h"

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

// Returns the letter after "\" for a character that has a short escape, otherwise 0.
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

// JSON has no infinities and no NaN (RFC 8259 section 6).
void append_number(std::string& out, double value) {
  if (std::isfinite(value)) {
    append_float(out, value);
  } else {
    out.append("null");
  }
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
      append_number(out, value.get<double>());
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
