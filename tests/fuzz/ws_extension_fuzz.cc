// The Sec-WebSocket-Extensions field: what a server accepts, a client that offered as much must
// understand.
#include <string>

#include "check.h"
#include "http/websocket/handshake.h"

using namespace tornado::http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(data, size);
  const auto agreement = choose_deflate(text, {});
  if (!agreement) return 0;
  FUZZ_CHECK(agreement->server_window_bits >= 8 && agreement->server_window_bits <= 15);
  FUZZ_CHECK(agreement->client_window_bits >= 8 && agreement->client_window_bits <= 15);
  DeflateAgreement read;
  FUZZ_CHECK(read_deflate_answer(deflate_answer(*agreement), {}, read) == AnswerStatus::kAgreed);
  FUZZ_CHECK(read.server_takeover == agreement->server_takeover);
  FUZZ_CHECK(read.client_takeover == agreement->client_takeover);
  FUZZ_CHECK(read.server_window_bits == agreement->server_window_bits);
  FUZZ_CHECK(read.client_window_bits == agreement->client_window_bits);
  return 0;
}
