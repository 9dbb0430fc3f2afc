// Internal header: how the functions of templates read their arguments.
#pragma once

#include <tornado/template_value.h>

#include <cstdint>
#include <string_view>

namespace tornado::template_::detail {

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
  std::int64_t integer_or(std::size_t index, std::int64_t fallback,
                          std::string_view name = {}) const;
  bool flag_or(std::size_t index, bool fallback, std::string_view name = {}) const;

 private:
  const Arguments& arguments_;
  std::string_view function_;
};

}  // namespace tornado::template_::detail
