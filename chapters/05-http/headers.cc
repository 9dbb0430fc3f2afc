#include "05-http/headers.h"

#include <algorithm>
#include <stdexcept>

#include "05-http/text.h"

namespace mini {

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

HTTPHeaders::HTTPHeaders(std::initializer_list<Field> fields) {
  for (const auto& [name, value] : fields) add(name, value);
}

// [add]
void HTTPHeaders::add(std::string_view name, std::string_view value) {
  if (!is_token(name) || !is_field_value(value)) {
    throw std::invalid_argument("not a header field: " + std::string(name));
  }
  fields_.emplace_back(name, value);
}
// [/add]

void HTTPHeaders::set(std::string_view name, std::string_view value) {
  remove(name);
  add(name, value);
}

void HTTPHeaders::remove(std::string_view name) {
  std::erase_if(fields_,
                [&](const Field& field) { return equal_ignoring_case(field.first, name); });
}

// [parse]
// Rejects a space before the colon, and a line that begins with one: servers disagree about what
// such a line means (RFC 9112 5.1, 5.2).
bool HTTPHeaders::parse_line(std::string_view line) {
  const auto name = take_before(line, ":");
  const std::string_view value = strip_blanks(line);
  if (!name || !is_token(*name) || !is_field_value(value)) return false;
  fields_.emplace_back(*name, value);
  return true;
}

bool HTTPHeaders::parse(std::string_view lines) {
  while (!lines.empty()) {
    const auto line = take_before(lines, "\r\n");
    if (!parse_line(line.value_or(lines))) return false;
    if (!line) return true;
  }
  return true;
}
// [/parse]

// [get]
std::vector<std::string_view> HTTPHeaders::get_list(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const auto& [key, value] : fields_) {
    if (equal_ignoring_case(key, name)) values.push_back(value);
  }
  return values;
}

std::optional<std::string> HTTPHeaders::get(std::string_view name) const {
  std::optional<std::string> joined;
  for (const std::string_view value : get_list(name)) {
    joined = joined ? *joined + ", " + std::string(value) : std::string(value);
  }
  return joined;
}
// [/get]

bool HTTPHeaders::has_token(std::string_view name, std::string_view token) const {
  for (std::string_view list : get_list(name)) {
    while (const auto element = take_before(list, ",")) {
      if (equal_ignoring_case(strip_blanks(*element), token)) return true;
    }
    if (equal_ignoring_case(strip_blanks(list), token)) return true;
  }
  return false;
}

}  // namespace mini
