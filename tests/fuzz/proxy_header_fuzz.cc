// The header of the PROXY protocol: any bytes are taken, refused, or wait for more, and what is
// taken does not depend on how the bytes arrive or what follows them.
#include <arpa/inet.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "check.h"
#include "http/message/proxy_header.h"

namespace {

using namespace tornado::http;

bool is_address(const std::string& text) {
  unsigned char bytes[16];
  return ::inet_pton(AF_INET, text.c_str(), bytes) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), bytes) == 1;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const ProxyHeader whole = parse_proxy_header(bytes);
  switch (whole.status) {
    case ProxyHeaderStatus::kDone: {
      FUZZ_CHECK(whole.size > 0 && whole.size <= size && whole.size <= kMaxProxyHeader);
      FUZZ_CHECK(whole.client.empty() || is_address(whole.client));
      const ProxyHeader alone = parse_proxy_header(bytes.substr(0, whole.size));
      FUZZ_CHECK(alone.status == ProxyHeaderStatus::kDone && alone.client == whole.client);
      const ProxyHeader part = parse_proxy_header(bytes.substr(0, whole.size - 1));
      FUZZ_CHECK(part.status == ProxyHeaderStatus::kNeedMore);
      break;
    }
    case ProxyHeaderStatus::kNeedMore:
      FUZZ_CHECK(size < kMaxProxyHeader);
      break;
    case ProxyHeaderStatus::kBad:
      FUZZ_CHECK(!std::string_view(whole.reason).empty());
      break;
  }
  return 0;
}
