// Whole connections to a server: HTTP/1 and WebSocket.
#include "check.h"
#include "server_side.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tornado::fuzz::play_to_server(as_text(data, size), false);
  return 0;
}
