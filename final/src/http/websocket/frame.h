// Internal header. WebSocket frames (RFC 6455 5.2): headers, masks, and the codes that close a
// connection. Pure functions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tornado::http {

enum class Opcode : std::uint8_t {
  kContinuation = 0x0,
  kText = 0x1,
  kBinary = 0x2,
  kClose = 0x8,
  kPing = 0x9,
  kPong = 0xA,
};

constexpr bool is_control(Opcode opcode) {
  return (static_cast<std::uint8_t>(opcode) & 0x8) != 0;
}

// The most payload of a control frame, in bytes; a close frame's code takes two of them.
inline constexpr std::size_t kMaxControlPayload = 125;
inline constexpr std::size_t kMaxCloseReason = kMaxControlPayload - 2;
// The longest header: two bytes, eight of length, four of mask.
inline constexpr std::size_t kMaxFrameHeader = 14;

// Status codes of RFC 6455 7.4.1.
namespace close_code {
inline constexpr int kNormal = 1000;
inline constexpr int kGoingAway = 1001;
inline constexpr int kProtocolError = 1002;
inline constexpr int kInvalidData = 1007;
inline constexpr int kMessageTooBig = 1009;
inline constexpr int kMandatoryExtension = 1010;
inline constexpr int kInternalError = 1011;
}  // namespace close_code

// Whether a close frame may carry `code`: the codes defined for it, and 3000 to 4999, which are for
// libraries and programs (RFC 6455 7.4.2; 1012 to 1014 are in IANA's registry).
[[nodiscard]] bool is_close_code(int code);

using MaskKey = std::array<char, 4>;

struct FrameHeader {
  Opcode opcode = Opcode::kContinuation;
  bool fin = false;
  bool rsv1 = false;
  bool masked = false;
  MaskKey key{};
  std::uint64_t length = 0;  // of the payload
  std::size_t size = 0;      // of the header
};

enum class FrameStatus : std::uint8_t { kDone, kNeedMore, kBad };

// Requirements on the frames that one side receives.
struct FrameRules {
  bool masked = true;       // a server requires masked frames; a client requires unmasked ones
  bool compressed = false;  // the first frame of a message may have RSV1 (RFC 7692 6)
};

// Reads the header at the start of `data`. Returns kBad as soon as the available bytes break a
// rule; `reason` is then static text for the log.
FrameStatus parse_frame_header(std::string_view data, const FrameRules& rules, FrameHeader& header,
                               const char*& reason);

// Appends a frame's header. With a null `key` the payload follows as it is; otherwise the caller
// masks it.
void append_frame_header(std::string& out, Opcode opcode, bool fin, bool rsv1, std::uint64_t length,
                         const MaskKey* key);

// Copies `size` bytes from `from` to `to`, masked or unmasked with `key` (RFC 6455 5.3). `position`
// is the offset of the first byte in its payload. The two may be the same memory.
void apply_mask(char* to, const char* from, std::size_t size, const MaskKey& key,
                std::size_t position = 0);

// Appends `payload`, masked.
void append_masked(std::string& out, std::string_view payload, const MaskKey& key);

// Returns an unpredictable key (RFC 6455 10.3).
MaskKey random_mask_key();

// The contents of a close frame (RFC 6455 5.5.1).
struct ClosePayload {
  int code = 0;  // 0: the frame has none
  std::string_view reason;
};

// Returns 0, or the code to fail the connection with: a payload of one byte, or a code that must
// not be sent, is a protocol error; a reason that is not UTF-8 is invalid data.
[[nodiscard]] int parse_close_payload(std::string_view payload, ClosePayload& close);

// Returns the payload of a close frame; empty for a `code` of 0.
std::string close_payload(int code, std::string_view reason);

}  // namespace tornado::http
