// Internal header. Base64 (RFC 4648 4), as basic authentication, WebSocket's handshake and signed
// values need it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tornado {

// With padding, without line ends.
std::string base64_encode(std::string_view bytes);
// The bytes of what base64_encode() wrote; nothing for any other text.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace tornado
