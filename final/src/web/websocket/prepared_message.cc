#include "web/websocket/prepared_message.h"

#include "http/websocket/frame.h"
#include "web/websocket/arguments.h"

namespace tornado::websocket {
namespace detail {
namespace {

std::string make_frame(bool binary, bool compressed, std::string_view payload) {
  std::string frame;
  frame.reserve(payload.size() + http::kMaxFrameHeader);
  const auto opcode = binary ? http::Opcode::kBinary : http::Opcode::kText;
  http::append_frame_header(frame, opcode, true, compressed, payload.size(), nullptr);
  return frame.append(payload);
}

}  // namespace

std::string_view PreparedFrames::plain() {
  if (plain_.empty()) plain_ = make_frame(message.binary, false, message.data);
  return plain_;
}

std::string_view PreparedFrames::compressed(http::DeflateSettings settings) {
  settings.takeover = false;
  for (const auto& [known, frame] : compressed_) {
    if (known == settings) return frame;
  }
  std::string payload;
  http::shared_deflater(settings).compress(message.data, payload);
  return compressed_.emplace_back(settings, make_frame(message.binary, true, payload)).second;
}

}  // namespace detail

PreparedMessage::PreparedMessage(std::string data, bool binary)
    : frames_(new detail::PreparedFrames(Message(std::move(data), binary))) {
  detail::check_message(this->data(), binary);
}
PreparedMessage::PreparedMessage(const PreparedMessage&) noexcept = default;
PreparedMessage& PreparedMessage::operator=(const PreparedMessage&) noexcept = default;
PreparedMessage::~PreparedMessage() = default;

const std::string& PreparedMessage::data() const noexcept {
  return frames_->message.data;
}

bool PreparedMessage::binary() const noexcept {
  return frames_->message.binary;
}

}  // namespace tornado::websocket
