// Signed values and tokens against forged requests, as anybody may send them.
#include <tornado/web.h>

#include "check.h"
#include "web/handler/session.h"

using namespace tornado;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(data, size);
  const std::int64_t now = 1300000000;
  // Without the key, no text is accepted.
  FUZZ_CHECK(!web::decode_signed_value("a key", "user", text, 31, 1, now));
  FUZZ_CHECK(!web::decode_signed_value({{1, "a"}, {2, "b"}}, "user", text, 31, 1, now));
  static_cast<void>(web::get_signature_key_version(text));
  // Whatever is signed comes back.
  for (const int version : {1, 2}) {
    const std::string value = web::create_signed_value("a key", text, text, version, {}, now);
    FUZZ_CHECK(web::decode_signed_value("a key", text, value, 31, 1, now) == text);
  }
  if (const auto token = web::detail::decode_xsrf_token(text, now)) {
    const std::string masked = web::detail::encode_xsrf_token_v2(*token, "mask");
    const auto again = web::detail::decode_xsrf_token(masked, 0);
    FUZZ_CHECK(again && again->bytes == token->bytes && again->timestamp == token->timestamp);
  }
  return 0;
}
