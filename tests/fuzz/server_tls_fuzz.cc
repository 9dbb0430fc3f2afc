// Whole connections to a server behind TLS. The script is what the client sends within TLS, and
// with kRaw beside it.
#include "check.h"
#include "server_side.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tornado::fuzz::play_to_server(as_text(data, size), true);
  return 0;
}
