#include "web/template/arguments.h"

#include "web/template/value_bodies.h"

namespace tornado::template_::detail {
Parameters::Parameters(const Arguments& arguments, std::string_view function, std::size_t most)
    : arguments_(arguments), function_(function) {
  const std::size_t count = arguments.positional.size() + arguments.keywords.size();
  if (count <= most) return;
  fail("TypeError", std::string(function) + "() takes at most " + std::to_string(most) +
                        " arguments, not " + std::to_string(count));
}

const Value* Parameters::find(std::size_t index, std::string_view name) const {
  if (index < arguments_.positional.size()) return &arguments_.positional[index];
  return name.empty() ? nullptr : arguments_.find(name);
}

const Value& Parameters::at(std::size_t index, std::string_view name) const {
  if (const Value* found = find(index, name)) return *found;
  fail("TypeError", std::string(function_) + "() misses argument " + std::to_string(index + 1));
}

std::string_view Parameters::text(std::size_t index, std::string_view name) const {
  const Value& value = at(index, name);
  if (is_text(value)) return text_of(value);
  fail("TypeError",
       std::string(function_) + "() needs a str, not " + std::string(value.type_name()));
}

std::int64_t Parameters::integer_or(std::size_t index, std::int64_t fallback,
                                    std::string_view name) const {
  const Value* value = find(index, name);
  if (value == nullptr) return fallback;
  if (is_integral(*value)) return integer_of(*value);
  fail("TypeError",
       std::string(function_) + "() needs an int, not " + std::string(value->type_name()));
}

bool Parameters::flag_or(std::size_t index, bool fallback, std::string_view name) const {
  const Value* value = find(index, name);
  return value == nullptr ? fallback : value->truth();
}

}  // namespace tornado::template_::detail
