#include <algorithm>

#include "base/text/unicode.h"
#include "http/message/chars.h"
#include "http/message/form.h"
#include "tornado/escape.h"

namespace tornado::http {
namespace {

// Takes the next piece up to a ";" outside of quotes.
std::string_view take_parameter(std::string_view& rest) {
  bool quoted = false;
  std::size_t end = 0;
  for (; end < rest.size() && (quoted || rest[end] != ';'); ++end) {
    if (rest[end] == '"' && (end == 0 || rest[end - 1] != '\\')) quoted = !quoted;
  }
  const std::string_view piece = trim_blanks(rest.substr(0, end));
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return piece;
}

// Undoes quotes. A backslash before anything but `"` and `\` stays: browsers send Windows paths.
std::string unquote(std::string_view value) {
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') return std::string(value);
  value = value.substr(1, value.size() - 2);
  std::string text;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const bool escapes =
        value[i] == '\\' && i + 1 < value.size() && (value[i + 1] == '"' || value[i + 1] == '\\');
    if (escapes) ++i;
    text += value[i];
  }
  return text;
}

std::string latin1_to_utf8(std::string_view text) {
  std::string utf8;
  for (const char c : text) escape::append_utf8(utf8, byte(c));
  return utf8;
}

// charset'language'percent-encoded (RFC 8187 3.2). Without the two quotes it is a plain value.
std::string decode_extended(std::string_view value) {
  const std::size_t first = value.find('\'');
  const std::size_t second = first == std::string_view::npos ? first : value.find('\'', first + 1);
  if (second == std::string_view::npos) return std::string(value);
  std::string text = escape::url_unescape(value.substr(second + 1), false);
  const bool latin1 = equals_ignoring_case(value.substr(0, first), "iso-8859-1");
  return latin1 ? latin1_to_utf8(text) : text;
}

}  // namespace

HeaderValue parse_header_value(std::string_view line) {
  HeaderValue result;
  result.key = take_parameter(line);
  std::vector<std::pair<std::string, std::string>> extended;
  while (!line.empty()) {
    const std::string_view piece = take_parameter(line);
    const std::size_t equals = piece.find('=');
    if (equals == std::string_view::npos) continue;
    std::string name = lower_case(trim_blanks(piece.substr(0, equals)));
    std::string value = unquote(trim_blanks(piece.substr(equals + 1)));
    if (name.ends_with('*')) {
      name.pop_back();
      extended.emplace_back(std::move(name), decode_extended(value));
    } else {
      result.parameters.emplace_back(std::move(name), std::move(value));
    }
  }
  std::move(extended.begin(), extended.end(), std::back_inserter(result.parameters));
  return result;
}

const std::string* HeaderValue::find(std::string_view name) const {
  const auto found =
      std::find_if(parameters.rbegin(), parameters.rend(),
                   [name](const auto& parameter) { return parameter.first == name; });
  return found == parameters.rend() ? nullptr : &found->second;
}

}  // namespace tornado::http
