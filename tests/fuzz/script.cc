#include "script.h"

#include <algorithm>
#include <cstdio>

#include "http/websocket/deflate.h"
#include "http/websocket/frame.h"

namespace tornado::fuzz {

namespace {

bool has_bytes(Action action) {
  return action == Action::kSend || action >= Action::kFrame;
}

constexpr http::MaskKey kMask{'k', 'e', 'y', '\0'};

std::string frame(std::uint8_t first, std::string_view payload, bool masked) {
  std::string out;
  const auto opcode = static_cast<http::Opcode>(first & 0x0F);
  http::append_frame_header(out, opcode, (first & 0x80) != 0, (first & 0x40) != 0, payload.size(),
                            masked ? &kMask : nullptr);
  out[0] = static_cast<char>(first);
  if (masked) {
    http::append_masked(out, payload, kMask);
  } else {
    out += payload;
  }
  return out;
}

}  // namespace

std::size_t piece_size(std::uint8_t cut) {
  constexpr std::size_t kSizes[] = {SIZE_MAX, 1, 2, 5, 23, 100, 1000, SIZE_MAX};
  return kSizes[cut % 8];
}

Script parse_script(std::string_view data) {
  Script script;
  for (std::uint8_t& flag : script.flags) {
    if (data.empty()) return script;
    flag = static_cast<std::uint8_t>(data[0]);
    data.remove_prefix(1);
  }
  while (!data.empty()) {
    const auto first = static_cast<std::uint8_t>(data[0]);
    data.remove_prefix(1);
    Step step;
    step.action = static_cast<Action>(first & 7);
    step.connection = (first >> 3) & 3;
    step.cut = first >> 5;
    const bool sends = has_bytes(step.action);
    if ((sends || step.action == Action::kPause) && data.size() >= 2) {
      step.number = static_cast<std::uint16_t>(static_cast<std::uint8_t>(data[0]) |
                                               static_cast<std::uint8_t>(data[1]) << 8);
      data.remove_prefix(2);
    }
    if (sends) {
      step.bytes = data.substr(0, step.number);
      data.remove_prefix(step.bytes.size());
    }
    script.steps.push_back(std::move(step));
  }
  return script;
}

std::string format_script(const Script& script) {
  std::string out(script.flags, script.flags + 2);
  for (const Step& step : script.steps) {
    out += static_cast<char>(static_cast<int>(step.action) | step.connection << 3 | step.cut << 5);
    const bool sends = has_bytes(step.action);
    const std::size_t size = std::min<std::size_t>(step.bytes.size(), UINT16_MAX);
    if (sends || step.action == Action::kPause) {
      const std::size_t number = sends ? size : step.number;
      out += static_cast<char>(number & 0xFF);
      out += static_cast<char>(number >> 8);
    }
    if (sends) out.append(step.bytes, 0, size);
  }
  return out;
}

std::string wire_bytes(const Step& step, bool masked) {
  if (step.action == Action::kSend) return step.bytes;
  if (step.action == Action::kChunk) {
    char line[24];
    std::snprintf(line, sizeof line, "%zx\r\n", step.bytes.size());
    return line + step.bytes + "\r\n";
  }
  const auto first = static_cast<std::uint8_t>(step.bytes.empty() ? 0x81 : step.bytes[0]);
  const std::string_view payload = std::string_view(step.bytes).substr(step.bytes.empty() ? 0 : 1);
  if (step.action == Action::kFrame) return frame(first, payload, masked);
  std::string compressed;
  http::Deflater({.takeover = false}).compress(payload, compressed);
  return frame(first | 0x40, compressed, masked);
}

}  // namespace tornado::fuzz
