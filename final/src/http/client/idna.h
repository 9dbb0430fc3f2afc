// Internal header. International host names (RFC 5890), in the form that DNS and servers expect.
#pragma once

#include <string>
#include <string_view>

namespace tornado::http {

// Returns whether the host of `url` has bytes from 0x80 on.
[[nodiscard]] bool has_international_host(std::string_view url);

// Rewrites the host of such a `url` in ASCII: "http://bücher.example/", in UTF-8, becomes
// "http://xn--bcher-kva.example/" (RFC 5891, after the mapping of UTS 46). Returns nothing, or why
// there is no such host; `url` is then unchanged.
[[nodiscard]] std::string encode_host(std::string& url);

}  // namespace tornado::http
