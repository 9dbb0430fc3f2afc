// Internal header: exceptions as text.
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <typeinfo>

namespace tornado {

// How log lines about unhandled exceptions begin. The test kit looks for them.
inline constexpr std::string_view kExceptionInCallback = "Exception in callback: ";
inline constexpr std::string_view kNeverRetrieved = "Future exception was never retrieved: ";

// Returns "std::runtime_error: message", or only the type's name if there is no message.
std::string describe(const std::exception_ptr& exception);

// Returns the type's name as written in the source.
std::string type_name(const std::type_info& type);

}  // namespace tornado
