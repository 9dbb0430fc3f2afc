// Internal header: what to print of an exception.
#pragma once

#include <exception>
#include <string>
#include <typeinfo>

namespace tornado {

// "std::runtime_error: message", or the type's name alone where there is no message.
std::string describe(const std::exception_ptr& exception);

// As it is written in the source.
std::string type_name(const std::type_info& type);

}  // namespace tornado
