// Internal header: the methods of str, list, tuple and dict.
#pragma once

#include <tornado/template_value.h>

#include <string_view>

namespace tornado::template_::detail {

using Method = Value (*)(const Value& self, const Arguments& arguments);

// Returns the method of that name for values of this kind, or null.
Method method_of(const Value& value, std::string_view name);
// Return it as a function bound to the value, or, for the type str itself (str.lower), as one that
// takes the value.
bool find_method(const Value& value, std::string_view name, Value& result);

// Reads a call's arguments: by position, or by keyword where there is one.
class Parameters {
 public:
  // `function` is for messages. Accepts at most `most` arguments.
  Parameters(const Arguments& arguments, std::string_view function, std::size_t most);

  // Returns the argument, or null.
  const Value* find(std::size_t index, std::string_view name = {}) const;
  // Returns the argument; throws TypeError if it is missing.
  const Value& at(std::size_t index, std::string_view name = {}) const;
  std::string_view text(std::size_t index, std::string_view name = {}) const;
  // Return the argument, or a fallback if it is missing.
  std::string_view text_or(std::size_t index, std::string_view fallback) const;
  std::int64_t integer_or(std::size_t index, std::int64_t fallback,
                          std::string_view name = {}) const;

 private:
  const Arguments& arguments_;
  std::string_view function_;
};

}  // namespace tornado::template_::detail
