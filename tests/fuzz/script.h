// Internal header: the input of the fuzz programs that feed whole connections. A script says what
// one end of up to four connections does: it sends, pauses, stops reading, closes.
//
// The first two bytes are flags. Each step begins with a byte: its action in bits 0 to 2, the
// connection in bits 3 and 4, and in bits 5 to 7 how its bytes are cut. Two bytes of length and the
// bytes follow, or for a pause two bytes of time. Any input is a script.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tornado::fuzz {

inline constexpr std::size_t kConnections = 4;

enum class Action : std::uint8_t {
  kSend,
  kPause,     // for `number` tenths of a second
  kEnd,       // ends the sending side
  kClose,     // at once
  kStall,     // stops reading, or reads again
  kFrame,     // sends a WebSocket frame: the first byte of `bytes` is its own first byte
  kDeflated,  // the same with the rest of `bytes` compressed
  kChunk,     // sends `bytes` as a chunk of a body
};

// How the bytes of a step are cut; the harness lets the other end run after each piece.
inline constexpr std::uint8_t kRaw = 7;  // whole, and beside TLS
std::size_t piece_size(std::uint8_t cut);

struct Step {
  Action action = Action::kSend;
  std::uint8_t connection = 0;
  std::uint8_t cut = 0;
  std::uint16_t number = 0;
  std::string bytes;
};

struct Script {
  std::uint8_t flags[2] = {0, 0};
  std::vector<Step> steps;
};

Script parse_script(std::string_view data);
std::string format_script(const Script& script);

// Returns what kSend, kFrame, kDeflated and kChunk put on the wire.
std::string wire_bytes(const Step& step, bool masked);

// What the mutator inserts. Each program that feeds connections defines its own.
std::span<const Step> templates();

}  // namespace tornado::fuzz
