#include <tornado/json.h>

namespace tornado {

void core::throw_no_such_name() {
  throw std::out_of_range("a JSON object has no member of that name");
}

}  // namespace tornado
