#include "http/websocket/frame.h"

#include <openssl/rand.h>
#include <tornado/escape.h>

#include <cstring>
#include <stdexcept>

namespace tornado::http {
namespace {

constexpr std::uint8_t kFin = 0x80;
constexpr std::uint8_t kRsv1 = 0x40;
constexpr std::uint8_t kRsv2And3 = 0x30;
constexpr std::uint8_t kMasked = 0x80;
constexpr std::uint64_t kLength16 = 126;
constexpr std::uint64_t kLength64 = 127;

std::uint8_t byte_at(std::string_view data, std::size_t at) {
  return static_cast<std::uint8_t>(data[at]);
}

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<std::uint8_t>(c);
  return value;
}

void append_big_endian(std::string& out, std::uint64_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i) & 0xFF);
}

bool is_known(std::uint8_t opcode) {
  return opcode <= 0x2 || (opcode >= 0x8 && opcode <= 0xA);
}

// Returns why the first byte is refused; null if it is fine.
const char* check_first_byte(std::uint8_t first, const FrameRules& rules) {
  if ((first & kRsv2And3) != 0) return "reserved bit is set";
  if (!is_known(first & 0x0F)) return "unknown opcode";
  const auto opcode = static_cast<Opcode>(first & 0x0F);
  if ((first & kRsv1) != 0) {
    if (!rules.compressed) return "reserved bit is set";
    if (is_control(opcode)) return "compressed control frame";
    if (opcode == Opcode::kContinuation) return "RSV1 in a continuation frame";
  }
  if (is_control(opcode) && (first & kFin) == 0) return "fragmented control frame";
  return nullptr;
}

const char* check_second_byte(std::uint8_t second, Opcode opcode, const FrameRules& rules) {
  const bool masked = (second & kMasked) != 0;
  if (masked != rules.masked) return masked ? "masked server frame" : "unmasked client frame";
  if (is_control(opcode) && (second & 0x7F) > kMaxControlPayload) return "control frame too long";
  return nullptr;
}

FrameStatus bad(const char*& reason, const char* why) {
  reason = why;
  return FrameStatus::kBad;
}

}  // namespace

bool is_close_code(int code) {
  if (code >= 3000 && code <= 4999) return true;
  return code >= 1000 && code <= 1014 && !(code >= 1004 && code <= 1006);
}

FrameStatus parse_frame_header(std::string_view data, const FrameRules& rules, FrameHeader& header,
                               const char*& reason) {
  if (data.empty()) return FrameStatus::kNeedMore;
  const std::uint8_t first = byte_at(data, 0);
  if (const char* why = check_first_byte(first, rules)) return bad(reason, why);
  header.opcode = static_cast<Opcode>(first & 0x0F);
  header.fin = (first & kFin) != 0;
  header.rsv1 = (first & kRsv1) != 0;
  if (data.size() < 2) return FrameStatus::kNeedMore;
  const std::uint8_t second = byte_at(data, 1);
  if (const char* why = check_second_byte(second, header.opcode, rules)) return bad(reason, why);
  header.masked = (second & kMasked) != 0;
  header.length = second & 0x7Fu;
  header.size = 2;
  if (header.length >= kLength16) {
    const bool is_long = header.length == kLength64;
    const std::size_t bytes = is_long ? 8 : 2;
    // A length never has the top bit set, so the first byte that shows it is refused.
    if (is_long && data.size() > 2 && (byte_at(data, 2) & 0x80) != 0) {
      return bad(reason, "length of 2^63 or more");
    }
    if (data.size() < 2 + bytes) return FrameStatus::kNeedMore;
    header.length = big_endian(data.substr(2, bytes));
    if (header.length < (is_long ? 65536 : kLength16)) {
      return bad(reason, "length not in its shortest form");
    }
    header.size += bytes;
  }
  if (!header.masked) return FrameStatus::kDone;
  if (data.size() < header.size + header.key.size()) return FrameStatus::kNeedMore;
  std::memcpy(header.key.data(), data.data() + header.size, header.key.size());
  header.size += header.key.size();
  return FrameStatus::kDone;
}

void append_frame_header(std::string& out, Opcode opcode, bool fin, bool rsv1, std::uint64_t length,
                         const MaskKey* key) {
  out +=
      static_cast<char>(static_cast<std::uint8_t>(opcode) | (fin ? kFin : 0) | (rsv1 ? kRsv1 : 0));
  const std::uint8_t mask_bit = key != nullptr ? kMasked : 0;
  if (length < kLength16) {
    out += static_cast<char>(length | mask_bit);
  } else if (length < 65536) {
    out += static_cast<char>(kLength16 | mask_bit);
    append_big_endian(out, length, 2);
  } else {
    out += static_cast<char>(kLength64 | mask_bit);
    append_big_endian(out, length, 8);
  }
  if (key != nullptr) out.append(key->data(), key->size());
}

void apply_mask(char* to, const char* from, std::size_t size, const MaskKey& key,
                std::size_t position) {
  std::array<char, 8> turned;
  for (std::size_t i = 0; i < turned.size(); ++i) turned[i] = key[(position + i) % 4];
  std::uint64_t wide;
  std::memcpy(&wide, turned.data(), 8);
  std::size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    std::uint64_t word;
    std::memcpy(&word, from + i, 8);
    word ^= wide;
    std::memcpy(to + i, &word, 8);
  }
  for (; i < size; ++i) to[i] = static_cast<char>(from[i] ^ turned[i % 8]);
}

void append_masked(std::string& out, std::string_view payload, const MaskKey& key) {
  const std::size_t begin = out.size();
  out.append(payload);
  apply_mask(out.data() + begin, out.data() + begin, payload.size(), key);
}

MaskKey random_mask_key() {
  // Requesting a few random bytes at a time costs more than masking does.
  constexpr std::size_t kBatch = 1024;
  thread_local std::array<unsigned char, kBatch> batch;
  thread_local std::size_t used = kBatch;
  MaskKey key;
  if (used + key.size() > kBatch) {
    if (::RAND_bytes(batch.data(), static_cast<int>(kBatch)) != 1) {
      throw std::runtime_error("no random bytes");
    }
    used = 0;
  }
  std::memcpy(key.data(), batch.data() + used, key.size());
  used += key.size();
  return key;
}

int parse_close_payload(std::string_view payload, ClosePayload& close) {
  close = {};
  if (payload.empty()) return 0;
  if (payload.size() == 1) return close_code::kProtocolError;
  const int code = static_cast<int>(big_endian(payload.substr(0, 2)));
  if (!is_close_code(code)) return close_code::kProtocolError;
  const std::string_view reason = payload.substr(2);
  if (!escape::is_valid_utf8(reason)) return close_code::kInvalidData;
  close.code = code;
  close.reason = reason;
  return 0;
}

std::string close_payload(int code, std::string_view reason) {
  std::string payload;
  if (code == 0) return payload;
  append_big_endian(payload, static_cast<std::uint64_t>(code), 2);
  payload.append(reason);
  return payload;
}

}  // namespace tornado::http
