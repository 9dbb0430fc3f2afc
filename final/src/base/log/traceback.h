// Internal header: where an exception was thrown.
#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace tornado::core {

// The calls that led to the throw, the innermost last, as Python prints them:
//
// Traceback (most recent call last):
//   File "/home/me/blog.cc", line 12, in EntryHandler::get()
//     throw std::runtime_error("no such entry");
//
// Calls outside the innermost function whose name begins with `from` are left out; nothing is if
// there is none. Empty if throws were not recorded (throw_record.h), if the exception was made
// without a throw, and where libbacktrace is missing. Reads the debug information of the
// program, and sources: for debug mode. Any thread.
std::string traceback(const std::exception_ptr& exception, std::string_view from = {});

}  // namespace tornado::core
