// Internal header. Host names of all scripts (RFC 5890), for those who ask DNS and servers.
#pragma once

#include <string>
#include <string_view>

namespace tornado::http {

// The host of `url` has bytes from 0x80 on.
[[nodiscard]] bool has_international_host(std::string_view url);

// Writes the host of such a `url` in ASCII: "http://bücher.example/", in UTF-8, becomes
// "http://xn--bcher-kva.example/" (RFC 5891, after the mapping of UTS 46). Returns nothing, or why
// there is no such host; `url` then stays as it was.
[[nodiscard]] std::string encode_host(std::string& url);

}  // namespace tornado::http
