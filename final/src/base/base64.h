// Internal header. Base64 (RFC 4648 4), as HTTP's basic authentication and WebSocket's handshake
// need it.
#pragma once

#include <string>
#include <string_view>

namespace tornado {

// With padding, without line ends.
std::string base64_encode(std::string_view bytes);

}  // namespace tornado
