#include "web/handler/xsrf_token.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text/hex.h"

namespace tornado::web::detail {
namespace {

std::string masked(std::string_view bytes, std::string_view mask) {
  std::string result(bytes);
  for (std::size_t i = 0; i < result.size(); ++i) {
    result[i] = static_cast<char>(result[i] ^ mask[i % kXsrfMaskSize]);
  }
  return result;
}

bool is_number(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<XsrfToken> decode_v2(std::string_view text) {
  std::array<std::string_view, 4> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto pipe = std::min(text.find('|'), text.size());
    const bool last = i + 1 == parts.size();
    if (last != (pipe == text.size())) return std::nullopt;
    parts[i] = text.substr(0, pipe);
    if (!last) text.remove_prefix(pipe + 1);
  }
  const auto mask = hex_decode(parts[1]);
  const auto bytes = hex_decode(parts[2]);
  if (!mask || mask->size() != kXsrfMaskSize || !bytes || !is_number(parts[3])) return std::nullopt;
  XsrfToken token{2, masked(*bytes, *mask), 0};
  const char* const end = parts[3].data() + parts[3].size();
  if (std::from_chars(parts[3].data(), end, token.timestamp).ec != std::errc()) return std::nullopt;
  return token;
}

}  // namespace

std::optional<XsrfToken> decode_xsrf_token(std::string_view text, std::int64_t now) {
  const std::string_view first = text.substr(0, text.find('|'));
  const bool has_version = first.size() < text.size() && is_number(first) && first.front() != '0';
  if (!has_version) return XsrfToken{1, hex_decode(text).value_or(std::string(text)), now};
  if (first != "2") return std::nullopt;
  return decode_v2(text);
}

std::string encode_xsrf_token_v1(const XsrfToken& token) {
  return hex_encode(token.bytes);
}

std::string encode_xsrf_token_v2(const XsrfToken& token, std::string_view mask) {
  return "2|" + hex_encode(mask) + "|" + hex_encode(masked(token.bytes, mask)) + "|" +
         std::to_string(token.timestamp);
}

}  // namespace tornado::web::detail
