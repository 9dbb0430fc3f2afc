// Not a fuzz target: the client's harness with the defect that TORNADO_PLANTED names. The replay of
// the client's seeds must notice it.
#include <cstdlib>
#include <string_view>
#include <utility>

#include "check.h"
#include "client_side.h"

namespace {

tornado::fuzz::ClientDefect named_defect() {
  using tornado::fuzz::ClientDefect;
  constexpr std::pair<std::string_view, ClientDefect> kNames[] = {
      {"tag", ClientDefect::kTag},
      {"memory", ClientDefect::kMemory},
      {"descriptor", ClientDefect::kDescriptor},
      {"fetch", ClientDefect::kFetch}};
  const char* const wanted = std::getenv("TORNADO_PLANTED");
  FUZZ_CHECK(wanted != nullptr);
  for (const auto& [name, defect] : kNames) {
    if (name == wanted) return defect;
  }
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tornado::fuzz::planted_in_client = named_defect();
  tornado::fuzz::play_to_client(as_text(data, size));
  return 0;
}
