#include "web/websocket/arguments.h"

#include <stdexcept>
#include <string>

#include "base/text/utf8_validator.h"
#include "http/websocket/frame.h"

namespace tornado::websocket::detail {
namespace {

bool is_utf8(std::string_view text) {
  escape::Utf8Validator utf8;
  return utf8.take(text) && utf8.complete();
}

void check_range(int value, int low, int high, const char* name) {
  if (value >= low && value <= high) return;
  throw std::invalid_argument(std::string(name) + " must be from " + std::to_string(low) + " to " +
                              std::to_string(high));
}

}  // namespace

void check_message(std::string_view data, bool binary) {
  if (!binary && !is_utf8(data)) {
    throw std::invalid_argument("a text message must be UTF-8; send other data as binary");
  }
}

void check_ping(std::string_view data) {
  if (data.size() > http::kMaxControlPayload) {
    throw std::invalid_argument("a ping may have at most 125 bytes");
  }
}

int check_close(std::optional<int> code, std::string_view reason) {
  if (code && !http::is_close_code(*code)) {
    throw std::invalid_argument("a WebSocket cannot be closed with code " + std::to_string(*code));
  }
  if (reason.size() > http::kMaxCloseReason || !is_utf8(reason)) {
    throw std::invalid_argument("the reason of a close must be UTF-8 of at most 123 bytes");
  }
  return code.value_or(reason.empty() ? 0 : http::close_code::kNormal);
}

void check_compression(const CompressionOptions& options) {
  check_range(options.compression_level, 0, 9, "compression_level");
  check_range(options.mem_level, 1, 9, "mem_level");
  check_range(options.max_window_bits, 8, 15, "max_window_bits");
}

http::DeflateWish wish_of(const CompressionOptions& options) {
  http::DeflateWish wish;
  wish.window_bits = static_cast<std::uint8_t>(options.max_window_bits);
  wish.takeover = options.context_takeover;
  return wish;
}

http::DeflateSettings deflate_settings(const CompressionOptions& options, std::uint8_t window_bits,
                                       bool takeover) {
  http::DeflateSettings settings;
  settings.level = static_cast<std::uint8_t>(options.compression_level);
  settings.mem_level = static_cast<std::uint8_t>(options.mem_level);
  settings.window_bits = window_bits;
  settings.takeover = takeover;
  return settings;
}

}  // namespace tornado::websocket::detail
