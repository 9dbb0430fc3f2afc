// Internal header. Assembles WebSocket messages as they arrive (RFC 6455 5.4): joins fragments,
// allows control frames between them, checks text, inflates compressed messages. Pure: bytes in,
// result out; no exceptions on bad input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/text/utf8_validator.h"
#include "http/websocket/deflate.h"
#include "http/websocket/frame.h"

namespace tornado::http {

enum class MessageStatus : std::uint8_t {
  kNeedMore,  // call again with the bytes after `consumed`; if that is 0, once more has arrived
  kText,      // `payload` is a message
  kBinary,
  kClose,  // `payload` is a control frame's
  kPing,
  kPong,
  kBad,  // fail the connection with `code`; `reason` is static text
};

// The error in a message; code 0: none.
struct MessageFault {
  int code = 0;
  const char* reason = nullptr;
};

struct MessageResult {
  MessageStatus status = MessageStatus::kNeedMore;
  std::size_t consumed = 0;
  // In `data` or in the scratch string; valid until one of them changes.
  std::string_view payload = {};
  int code = 0;
  const char* reason = nullptr;
};

struct MessageRules {
  FrameRules frames;
  bool takeover = true;           // a compressed message may refer to earlier ones
  std::uint8_t window_bits = 15;  // of the sender's compressor
  // The most bytes of a message, both as sent and inflated.
  std::size_t max_size = 10'485'760;
};

// An idle reader owns no buffer: whole frames are read in place, and the buffer for a fragmented
// message is released with that message.
class MessageReader {
 public:
  explicit MessageReader(const MessageRules& rules) : rules_(rules) {}

  // `data` is everything unread. `scratch` holds payloads that cannot stay in place; one is enough
  // for all readers of a thread.
  MessageResult next(std::string_view data, std::string& scratch);

 private:
  // A message of which part has arrived.
  struct Partial {
    std::string content;
    std::size_t wire_size = 0;     // of its frames so far
    std::uint64_t frame_left = 0;  // bytes of the current frame that have not arrived
    std::size_t frame_position = 0;
    MaskKey key{};
    bool in_frame = false;
    bool fin = false;  // of the current frame
    bool binary = false;
    bool compressed = false;
    escape::Utf8Validator utf8;
  };

  MessageResult begin_frame(std::string_view data, const FrameHeader& header, std::string& scratch);
  MessageResult control_frame(std::string_view data, const FrameHeader& header,
                              std::string& scratch);
  MessageResult whole_message(std::string_view data, const FrameHeader& header,
                              std::string& scratch);
  MessageResult continue_frame(std::string_view data, std::size_t used, std::string& scratch);
  MessageResult end_message(std::size_t used, std::string& scratch);
  MessageFault add(std::string_view payload);
  MessageFault check_text(std::size_t begin);
  Inflater& inflater();
  void message_inflated();

  MessageRules rules_;
  std::unique_ptr<Partial> partial_;
  std::unique_ptr<Inflater> inflater_;
};

}  // namespace tornado::http
