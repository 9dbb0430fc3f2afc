#include "http/websocket/message.h"

#include <tornado/escape.h>

#include <algorithm>

namespace tornado::http {
namespace {

constexpr MessageFault kNoFault;
constexpr MessageFault kNotUtf8 = {close_code::kInvalidData, "text that is not UTF-8"};

MessageResult bad(std::size_t used, const MessageFault& fault) {
  return {MessageStatus::kBad, used, {}, fault.code, fault.reason};
}

MessageFault fault_of(InflateStatus status) {
  switch (status) {
    case InflateStatus::kOk:
      return kNoFault;
    case InflateStatus::kBad:
      return {close_code::kInvalidData, "data that does not inflate"};
    case InflateStatus::kTooLarge:
      return {close_code::kMessageTooBig, "message too big after decompression"};
  }
  return kNoFault;
}

MessageStatus kind(bool binary) {
  return binary ? MessageStatus::kBinary : MessageStatus::kText;
}

MessageStatus control_kind(Opcode opcode) {
  switch (opcode) {
    case Opcode::kClose:
      return MessageStatus::kClose;
    case Opcode::kPing:
      return MessageStatus::kPing;
    default:
      return MessageStatus::kPong;
  }
}

// Takes the payload after `header`, unmasked.
std::string_view unmask(std::string_view data, const FrameHeader& header, std::string& scratch) {
  const std::string_view payload =
      data.substr(header.size, static_cast<std::size_t>(header.length));
  if (!header.masked) return payload;
  scratch.resize(payload.size());
  apply_mask(scratch.data(), payload.data(), payload.size(), header.key);
  return scratch;
}

}  // namespace

MessageResult MessageReader::next(std::string_view data, std::string& scratch) {
  if (partial_ != nullptr && partial_->in_frame) return continue_frame(data, 0, scratch);
  FrameHeader header;
  const char* reason = nullptr;
  switch (parse_frame_header(data, rules_.frames, header, reason)) {
    case FrameStatus::kNeedMore:
      return {};
    case FrameStatus::kBad:
      return bad(data.size(), {close_code::kProtocolError, reason});
    case FrameStatus::kDone:
      break;
  }
  return is_control(header.opcode) ? control_frame(data, header, scratch)
                                   : begin_frame(data, header, scratch);
}

MessageResult MessageReader::control_frame(std::string_view data, const FrameHeader& header,
                                           std::string& scratch) {
  const std::size_t size = header.size + static_cast<std::size_t>(header.length);
  if (data.size() < size) return {};
  return {control_kind(header.opcode), size, unmask(data, header, scratch)};
}

MessageResult MessageReader::begin_frame(std::string_view data, const FrameHeader& header,
                                         std::string& scratch) {
  if ((header.opcode == Opcode::kContinuation) != (partial_ != nullptr)) {
    return bad(data.size(), {close_code::kProtocolError, partial_ != nullptr
                                                             ? "new message within a fragmented one"
                                                             : "continuation of no message"});
  }
  const std::size_t before = partial_ != nullptr ? partial_->wire_size : 0;
  if (header.length > rules_.max_size - before) {
    return bad(data.size(), {close_code::kMessageTooBig, "message too big"});
  }
  if (partial_ == nullptr) {
    if (header.fin && data.size() - header.size >= header.length) {
      return whole_message(data, header, scratch);
    }
    partial_ = std::make_unique<Partial>();
    partial_->binary = header.opcode == Opcode::kBinary;
    partial_->compressed = header.rsv1;
  }
  partial_->wire_size += static_cast<std::size_t>(header.length);
  partial_->frame_left = header.length;
  partial_->frame_position = 0;
  partial_->key = header.masked ? header.key : MaskKey{};
  partial_->in_frame = true;
  partial_->fin = header.fin;
  return continue_frame(data, header.size, scratch);
}

MessageResult MessageReader::whole_message(std::string_view data, const FrameHeader& header,
                                           std::string& scratch) {
  const bool binary = header.opcode == Opcode::kBinary;
  const std::size_t size = header.size + static_cast<std::size_t>(header.length);
  std::string_view payload = unmask(data, header, scratch);
  if (header.rsv1) {
    std::string content;
    InflateStatus status = inflater().inflate(payload, content, rules_.max_size);
    if (status == InflateStatus::kOk) status = inflater().finish(content, rules_.max_size);
    if (status != InflateStatus::kOk) return bad(size, fault_of(status));
    message_inflated();
    scratch = std::move(content);
    payload = scratch;
  }
  if (!binary && !escape::is_valid_utf8(payload)) return bad(size, kNotUtf8);
  return {kind(binary), size, payload};
}

// Takes the outcome of reading a frame's payload; the header was `used` bytes of `data`.
MessageResult MessageReader::continue_frame(std::string_view data, std::size_t used,
                                            std::string& scratch) {
  Partial& partial = *partial_;
  const auto size =
      static_cast<std::size_t>(std::min<std::uint64_t>(partial.frame_left, data.size() - used));
  scratch.resize(size);
  apply_mask(scratch.data(), data.data() + used, size, partial.key, partial.frame_position);
  partial.frame_position += size;
  partial.frame_left -= size;
  used += size;
  if (const MessageFault fault = add(scratch); fault.code != 0) return bad(used, fault);
  if (partial.frame_left > 0) return {MessageStatus::kNeedMore, used};
  partial.in_frame = false;
  return partial.fin ? end_message(used, scratch) : MessageResult{MessageStatus::kNeedMore, used};
}

MessageFault MessageReader::add(std::string_view payload) {
  Partial& partial = *partial_;
  const std::size_t before = partial.content.size();
  if (partial.compressed) {
    const auto status = inflater().inflate(payload, partial.content, rules_.max_size);
    if (status != InflateStatus::kOk) return fault_of(status);
  } else {
    partial.content.append(payload);
  }
  return check_text(before);
}

MessageFault MessageReader::check_text(std::size_t begin) {
  if (partial_->binary) return kNoFault;
  const bool good = partial_->utf8.take(std::string_view(partial_->content).substr(begin));
  return good ? kNoFault : kNotUtf8;
}

MessageResult MessageReader::end_message(std::size_t used, std::string& scratch) {
  Partial& partial = *partial_;
  if (partial.compressed) {
    const std::size_t before = partial.content.size();
    const auto status = inflater().finish(partial.content, rules_.max_size);
    if (status != InflateStatus::kOk) return bad(used, fault_of(status));
    if (check_text(before).code != 0) return bad(used, kNotUtf8);
    message_inflated();
  }
  if (!partial.binary && !partial.utf8.complete()) return bad(used, kNotUtf8);
  scratch = std::move(partial.content);
  const bool binary = partial.binary;
  partial_.reset();
  return {kind(binary), used, scratch};
}

// ---- compression --------------------------------------------------------------------------------

Inflater& MessageReader::inflater() {
  if (inflater_ == nullptr) inflater_ = std::make_unique<Inflater>(rules_.window_bits);
  return *inflater_;
}

void MessageReader::message_inflated() {
  if (!rules_.takeover) inflater_.reset();
}

}  // namespace tornado::http
