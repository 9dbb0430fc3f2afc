#include <tornado/detail/function.h>

#include <functional>

namespace tornado::detail {

void throw_empty_function() {
  throw std::bad_function_call();
}

}  // namespace tornado::detail
