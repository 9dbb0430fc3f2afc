// Internal header. The PROXY protocol, versions 1 and 2 (haproxy.org, proxy-protocol.txt): what a
// proxy sends before the first byte of a connection that it passes on.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tornado::http {

enum class ProxyHeaderStatus { kDone, kNeedMore, kBad };

struct ProxyHeader {
  ProxyHeaderStatus status = ProxyHeaderStatus::kNeedMore;
  std::size_t size = 0;     // kDone: bytes of the header
  std::string client = {};  // kDone: the client's IP address; empty: the proxy speaks for itself,
                            // or the client has none
  const char* reason = "";  // kBad
};

// The longest header that is accepted. A header of version 1 has at most 107 bytes; one of version
// 2 can carry more than an address, such as facts about TLS, which are skipped.
inline constexpr std::size_t kMaxProxyHeader = 4096;

// Parses the header at the start of `data`, which may continue after it.
ProxyHeader parse_proxy_header(std::string_view data);

}  // namespace tornado::http
