// Not a parser: it loses a block if its second allocation fails. The replay with --allocations must
// notice it.
#include <string>

#include "check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto* const lost = new std::string(as_text(data, size));
  const std::string copy(1000 + size, 'x');
  FUZZ_CHECK(copy.size() > size);
  delete lost;
  return 0;
}
