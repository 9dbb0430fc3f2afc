#include <tornado/core/function.h>

#include <functional>

namespace tornado::core {

void throw_empty_function() {
  throw std::bad_function_call();
}

}  // namespace tornado::core
