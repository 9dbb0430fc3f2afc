// Internal header. The checks of a handler class when a route to it is made.
#pragma once

#include <tornado/core/handler_class.h>

#include <string>
#include <string_view>

namespace tornado::web::detail {

// Throws std::invalid_argument if a verb takes a different number of arguments than the pattern has
// groups.
void check_arity(const std::string& pattern, int groups, const HandlerClass& handler_class);

// Returns "1 argument", "2 arguments".
std::string count_of(int count, std::string_view noun);

// Returns the class's name, for messages.
std::string class_name(const HandlerClass& handler_class);

}  // namespace tornado::web::detail
