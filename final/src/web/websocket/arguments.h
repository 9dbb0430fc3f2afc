// Internal header. Checks of the arguments that a program passes to a WebSocket, on either side.
// All throw std::invalid_argument for anything invalid.
#pragma once

#include <tornado/websocket.h>

#include <optional>
#include <string_view>

#include "http/websocket/deflate.h"
#include "http/websocket/handshake.h"

namespace tornado::websocket::detail {

void check_message(std::string_view data, bool binary);
void check_ping(std::string_view data);
// Returns the code to send; 0: none.
int check_close(std::optional<int> code, std::string_view reason);

void check_compression(const CompressionOptions& options);
http::DeflateWish wish_of(const CompressionOptions& options);
// Returns how this side compresses, given the agreed `window_bits` and `takeover`.
http::DeflateSettings deflate_settings(const CompressionOptions& options, std::uint8_t window_bits,
                                       bool takeover);

}  // namespace tornado::websocket::detail
