// Internal header: a server with HTTP/1 and WebSocket, and what must hold whatever its clients
// send:
//
// - each request is handled once, and its on_finish() is called once;
// - a connection gets the responses to its requests in order and whole, each at most once;
// - what the server sends is HTTP, and after an upgrade WebSocket frames, as our client reads them;
// - the bytes in memory are bounded;
// - at the end no connection, handler or descriptor is left.
#pragma once

#include <cstdint>
#include <string_view>

namespace tornado::fuzz {

// What the handlers do wrong on purpose, to show that it is noticed.
enum class Defect : std::uint8_t { kNone, kId, kBody, kMemory, kDescriptor, kHandler, kMessage };
extern Defect planted;

// Plays a script against a new server.
void play_to_server(std::string_view script, bool tls);

}  // namespace tornado::fuzz
