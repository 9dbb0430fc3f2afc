// Internal header: the attributes of values, and the methods of str, list, tuple and dict.
#pragma once

#include <tornado/template_value.h>

#include <string>
#include <string_view>

namespace tornado::template_::detail {

using Method = Value (*)(const Value& self, const Arguments& arguments);

// Returns the method of that name for values of this kind, or null. A method is called at once:
// it is not a value.
Method method_of(const Value& value, std::string_view name);

// Return an attribute of an object, or an item of a dict. The first throws RenderError
// (AttributeError) if there is none, the second returns false.
Value attribute(const Value& value, std::string_view name);
bool find_attribute(const Value& value, std::string_view name, Value& result);

// Returns what to add to the error about a name that is not defined: what a template uses instead
// of one that Python has. Empty if there is nothing to say.
std::string hint_for_name(std::string_view name);

}  // namespace tornado::template_::detail
