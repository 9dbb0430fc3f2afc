// The header fields of a message: names that ignore case, in the order they came.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mini {

bool equal_ignoring_case(std::string_view a, std::string_view b);

// [headers]
class HTTPHeaders {
 public:
  using Field = std::pair<std::string, std::string>;

  HTTPHeaders() = default;
  HTTPHeaders(std::initializer_list<Field> fields);

  // Appends a field. Throws std::invalid_argument if the name is no token or the value holds a
  // control character: a line break in it would begin a field of its own.
  void add(std::string_view name, std::string_view value);
  // Replaces all fields of this name by one.
  void set(std::string_view name, std::string_view value);
  void remove(std::string_view name);

  // Takes in "Name: value", as it was received. False: it is none.
  bool parse_line(std::string_view line);
  // Takes in lines, with "\r\n" between them. False as soon as one is none.
  bool parse(std::string_view lines);

  // The values of all fields of this name, joined by ", " (RFC 9110 5.3). Nothing if there is none.
  std::optional<std::string> get(std::string_view name) const;
  std::vector<std::string_view> get_list(std::string_view name) const;
  // Whether `token` is an element of the comma-separated list under this name, whatever its case.
  bool has_token(std::string_view name, std::string_view token) const;

  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }

 private:
  std::vector<Field> fields_;
};
// [/headers]

}  // namespace mini
