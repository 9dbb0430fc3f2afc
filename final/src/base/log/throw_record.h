// Internal header: the call stacks of exceptions that still exist.
#pragma once

#include <exception>
#include <vector>

namespace tornado::core {

// Records the stack of each throw, from now until the program ends, and keeps it for as long as the
// exception lives. A throw then costs some microseconds more. Any thread.
void record_throws();

// Returns the return addresses of the calls that led to the throw, innermost first. Empty if
// unknown. Any thread.
std::vector<void*> throw_stack(const std::exception_ptr& exception);

}  // namespace tornado::core
