// Internal header: the stacks of the throws whose exceptions live.
#pragma once

#include <exception>
#include <vector>

namespace tornado::core {

// From now on, and until the program ends, the stack of each throw is kept for as long as the
// exception lives. A throw costs some microseconds more then. Any thread.
void record_throws();

// The return addresses of the calls that led to the throw, the innermost first. Empty if unknown.
// Any thread.
std::vector<void*> throw_stack(const std::exception_ptr& exception);

}  // namespace tornado::core
