// Internal header: the methods of str, list, tuple and dict.
#pragma once

#include <tornado/template_value.h>

#include <string_view>

namespace tornado::template_::detail {

using Method = Value (*)(const Value& self, const Arguments& arguments);

// The method of that name that values of this kind have, or null.
Method method_of(const Value& value, std::string_view name);
// The same as a function that keeps the value. Those of the type str, such as str.lower, take it.
bool find_method(const Value& value, std::string_view name, Value& result);

// Takes a call's arguments apart: by position, or by name where there is one.
class Parameters {
 public:
  // `function` is for messages. At most `most` arguments.
  Parameters(const Arguments& arguments, std::string_view function, std::size_t most);

  // The argument, or null.
  const Value* find(std::size_t index, std::string_view name = {}) const;
  // The argument; throws TypeError if it is missing.
  const Value& at(std::size_t index, std::string_view name = {}) const;
  std::string_view text(std::size_t index, std::string_view name = {}) const;
  // With a fallback for a missing one.
  std::string_view text_or(std::size_t index, std::string_view fallback) const;
  std::int64_t integer_or(std::size_t index, std::int64_t fallback,
                          std::string_view name = {}) const;

 private:
  const Arguments& arguments_;
  std::string_view function_;
};

}  // namespace tornado::template_::detail
