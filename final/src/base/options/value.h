// Internal header: values of options, and their forms as text.
#pragma once

#include <tornado/options.h>

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tornado::options {

template <typename... Types>
using ValueOf = std::variant<Types..., std::vector<Types>...>;
using Value = ValueOf<bool, int, std::int64_t, double, std::string, DateTime, TimeDelta>;

// A literal of a configuration file.
struct Literal {
  using List = std::vector<Literal>;
  std::variant<std::monostate, bool, std::int64_t, double, std::string, List>
      value;  // monostate: None
};

// "int", "string", "list of int" and so on, for messages.
std::string type_name(const Value& value);
std::string type_name(const Literal& literal);

bool is_bool(const Value& value);
bool is_multiple(const Value& value);

// Reads text as the command line does, into the type that `prototype` has. Throws Error.
Value parse_value(const Value& prototype, std::string_view text);

// Turns a literal into the type of `prototype`: a text is parsed unless a string is wanted, an
// integer may stand for a float. The literal is not None. Throws Error.
Value value_from(const Value& prototype, const Literal& literal);

// Text that parse_value turns into the same value, except for commas inside the strings of a list.
std::string to_text(const Value& value);

}  // namespace tornado::options
