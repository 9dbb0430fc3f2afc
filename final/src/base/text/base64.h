// Internal header. Base64 (RFC 4648 section 4), for basic authentication, the WebSocket handshake
// and signed values.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tornado {

// Encodes with padding and without line ends.
std::string base64_encode(std::string_view bytes);
// Returns the bytes that base64_encode() encoded, or nullopt for any other text.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace tornado
