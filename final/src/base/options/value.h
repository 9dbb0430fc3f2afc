// Internal header: option values, and their forms as text.
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

// A literal in a configuration file.
struct Literal {
  using List = std::vector<Literal>;
  std::variant<std::monostate, bool, std::int64_t, double, std::string, List>
      value;  // monostate: None
};

// Returns "int", "string", "list of int" and so on, for messages.
std::string type_name(const Value& value);
std::string type_name(const Literal& literal);

bool is_bool(const Value& value);

// Parses text as on the command line, into the type of `prototype`. Throws Error.
Value parse_value(const Value& prototype, std::string_view text);

// Converts a literal to the type of `prototype`. A string is parsed, unless a string is wanted; an
// integer may stand for a float. The literal must not be None. Throws Error.
Value value_from(const Value& prototype, const Literal& literal);

// Returns text that parse_value() turns back into the same value, unless a list has strings with
// commas.
std::string to_text(const Value& value);

}  // namespace tornado::options
