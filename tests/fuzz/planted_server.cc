// Not a fuzz target: a server with the defect that TORNADO_PLANTED names. The replay of the
// server's seeds must notice it.
#include <cstdlib>
#include <string_view>
#include <utility>

#include "check.h"
#include "server_side.h"

namespace {

tornado::fuzz::Defect named_defect() {
  using tornado::fuzz::Defect;
  constexpr std::pair<std::string_view, Defect> kNames[] = {
      {"id", Defect::kId},           {"body", Defect::kBody},
      {"memory", Defect::kMemory},   {"descriptor", Defect::kDescriptor},
      {"handler", Defect::kHandler}, {"message", Defect::kMessage}};
  const char* const wanted = std::getenv("TORNADO_PLANTED");
  FUZZ_CHECK(wanted != nullptr);
  for (const auto& [name, defect] : kNames) {
    if (name == wanted) return defect;
  }
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tornado::fuzz::planted = named_defect();
  tornado::fuzz::play_to_server(as_text(data, size), false);
  return 0;
}
