#include "05-http/text.h"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace mini {
namespace {

bool is_token_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t') || byte == 0x7f;
}

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

}  // namespace

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_byte);
}

bool is_field_value(std::string_view text) {
  return std::none_of(text.begin(), text.end(), is_control);
}

std::string_view strip_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::optional<std::string_view> take_before(std::string_view& text, std::string_view separator) {
  const std::size_t end = text.find(separator);
  if (end == text.npos) return std::nullopt;
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(end + separator.size());
  return part;
}

std::optional<std::size_t> to_size(std::string_view digits, int base) {
  std::size_t size = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, size, base);
  if (error != std::errc() || stop != end) return std::nullopt;
  return size;
}

}  // namespace mini
