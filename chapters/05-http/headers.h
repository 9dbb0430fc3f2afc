// The header fields of a message. Names ignore case, and fields keep their order.
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

  // Appends a field. Throws std::invalid_argument if the name is not a token or the value contains
  // a control character: after a line break the rest of the value would be a field of its own.
  void add(std::string_view name, std::string_view value);
  // Replaces all fields of this name with one. Throws as add() does.
  void set(std::string_view name, std::string_view value);
  void remove(std::string_view name);

  // Parses a received "Name: value" and appends it. Returns false if it is malformed.
  bool parse_line(std::string_view line);
  // Parses lines separated by "\r\n". Stops at the first malformed one and returns false.
  bool parse(std::string_view lines);

  // Returns the values of all fields of this name, joined by ", " (RFC 9110 5.3); nothing if there
  // are none.
  std::optional<std::string> get(std::string_view name) const;
  // Returns the same values one by one. The views are valid until the fields change.
  std::vector<std::string_view> get_list(std::string_view name) const;
  // Returns whether the comma-separated list in this field contains `token`, ignoring case.
  bool has_token(std::string_view name, std::string_view token) const;

  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }

 private:
  std::vector<Field> fields_;
};
// [/headers]

}  // namespace mini
