// Internal header. What a program may ask of a WebSocket, on either side. All throw
// std::invalid_argument for anything else.
#pragma once

#include <tornado/websocket.h>

#include <optional>
#include <string_view>

#include "http/websocket/deflate.h"
#include "http/websocket/handshake.h"

namespace tornado::websocket::detail {

void check_message(std::string_view data, bool binary);
void check_ping(std::string_view data);
// Gives the code to send; 0: none.
int check_close(std::optional<int> code, std::string_view reason);

void check_compression(const CompressionOptions& options);
http::DeflateWish wish_of(const CompressionOptions& options);
// How this side compresses, where `window_bits` and `takeover` were agreed on.
http::DeflateSettings deflate_settings(const CompressionOptions& options, std::uint8_t window_bits,
                                       bool takeover);

}  // namespace tornado::websocket::detail
