// Internal header: what to print of an exception.
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <typeinfo>

namespace tornado {

// How the lines begin that tell of an exception nobody has dealt with: the test kit looks for them.
inline constexpr std::string_view kExceptionInCallback = "Exception in callback: ";
inline constexpr std::string_view kNeverRetrieved = "Future exception was never retrieved: ";

// "std::runtime_error: message", or the type's name alone where there is no message.
std::string describe(const std::exception_ptr& exception);

// As it is written in the source.
std::string type_name(const std::type_info& type);

}  // namespace tornado
