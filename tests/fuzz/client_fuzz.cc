// Whole connections to the HTTP client and the WebSocket client, from a peer that follows a script.
#include "check.h"
#include "client_side.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tornado::fuzz::play_to_client(as_text(data, size));
  return 0;
}
