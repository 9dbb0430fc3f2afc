// Internal header: the stacks of the throws whose exceptions live.
#pragma once

#include <exception>
#include <vector>

namespace tornado::detail {

// The return addresses of the calls that led to the throw, the innermost first. Empty if unknown.
// Any thread.
std::vector<void*> throw_stack(const std::exception_ptr& exception);

}  // namespace tornado::detail
