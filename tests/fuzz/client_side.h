// Internal header: the HTTP client and the WebSocket client, and what must hold whatever the peer
// of their connections sends:
//
// - each fetch ends, with a response or an exception, and its body is bounded;
// - what the client sends is HTTP, and after an upgrade WebSocket frames, as our server reads them;
// - a fetch never gets a response that was sent before the peer had its request;
// - the bytes in memory are bounded, and in the end no descriptor is left.
//
// In the script's bytes "@@" becomes the tag of the connection's latest request, and "@K" the
// Sec-WebSocket-Accept that belongs to its key.
#pragma once

#include <cstdint>
#include <string_view>

namespace tornado::fuzz {

// What goes wrong on purpose, to show that it is noticed.
enum class ClientDefect : std::uint8_t { kNone, kTag, kMemory, kDescriptor, kFetch };
extern ClientDefect planted_in_client;

// Lets a new client fetch, from a peer that follows the script.
void play_to_client(std::string_view script);

}  // namespace tornado::fuzz
