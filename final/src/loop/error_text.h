// Internal header: what to print of an exception.
#pragma once

#include <exception>
#include <string>

namespace tornado {

// "std::runtime_error: message", or the type's name alone where there is no message.
std::string describe(const std::exception_ptr& exception);

}  // namespace tornado
