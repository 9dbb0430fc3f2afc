// Internal header: where an exception was thrown.
#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace tornado::core {

// Returns the calls that led to the throw, innermost last, as Python prints them:
//
// Traceback (most recent call last):
//   File "/home/me/blog.cc", line 12, in EntryHandler::get()
//     throw std::runtime_error("no such entry");
//
// Omits the calls outside the innermost function whose name begins with `from`; omits none if there
// is no such function. Empty if throws were not recorded (throw_record.h), if the exception was
// made without a throw, or if libbacktrace is missing. Meant for debug mode: it reads the program's
// debug information and sources. Any thread.
std::string traceback(const std::exception_ptr& exception, std::string_view from = {});

}  // namespace tornado::core
