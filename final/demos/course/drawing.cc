#include "drawing.h"

#include <charconv>
#include <cmath>
#include <cstdint>

namespace course {
namespace {

// Returns the value of an attribute of the tag at the beginning of `text`; empty if it has none.
std::string_view attribute(std::string_view text, std::string_view name) {
  const std::string_view tag = text.substr(0, text.find('>'));
  const std::string key = " " + std::string(name) + "=\"";
  const std::size_t at = tag.find(key);
  if (at == tag.npos) return {};
  const std::string_view value = tag.substr(at + key.size());
  return value.substr(0, value.find('"'));
}

// Cuts a number off the beginning of `text`; 0 if there is none.
int cut_number(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(" ,"), text.size()));
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return error == std::errc() && number > 0 && number < 100'000
             ? static_cast<int>(std::ceil(number))
             : 0;
}

std::optional<Size> svg_size(std::string_view svg) {
  std::string_view width = attribute(svg, "width");
  std::string_view height = attribute(svg, "height");
  Size size = {cut_number(width), cut_number(height)};
  if (size.width == 0 || size.height == 0) {
    std::string_view box = attribute(svg, "viewBox");
    cut_number(box);
    cut_number(box);
    size.width = cut_number(box);
    size.height = cut_number(box);
  }
  if (size.width == 0 || size.height == 0) return std::nullopt;
  return size;
}

int big_endian(std::string_view bytes) {
  std::uint32_t number = 0;
  for (const char c : bytes) number = number << 8 | static_cast<unsigned char>(c);
  return static_cast<int>(number & 0x7fffffff);
}

// Puts `prefix` before each id that is defined or referred to in the text.
std::string with_own_ids(std::string_view svg, std::string_view prefix) {
  std::string result;
  while (!svg.empty()) {
    std::size_t next = svg.npos;
    bool list = false;
    for (const std::string_view key : {" id=\"", "url(#", " aria-labelledby=\""}) {
      const std::size_t at = svg.find(key);
      if (at == svg.npos || (next != svg.npos && at + key.size() >= next)) continue;
      next = at + key.size();
      list = key.starts_with(" aria");
    }
    result += svg.substr(0, next);
    if (next == svg.npos) break;
    svg.remove_prefix(next);
    const std::string_view ids = svg.substr(0, svg.find_first_of("\")"));
    result += prefix;
    for (const char c : ids) {
      result += c;
      if (list && c == ' ') result += prefix;
    }
    svg.remove_prefix(ids.size());
  }
  return result;
}

}  // namespace

std::optional<Size> image_size(std::string_view bytes) {
  if (bytes.starts_with("\x89PNG") && bytes.size() >= 24) {
    return Size{big_endian(bytes.substr(16, 4)), big_endian(bytes.substr(20, 4))};
  }
  const std::size_t begin = bytes.substr(0, 1000).find("<svg");
  return begin == bytes.npos ? std::nullopt : svg_size(bytes.substr(begin));
}

std::string inline_svg(std::string_view svg, std::string_view prefix) {
  const std::size_t begin = svg.find("<svg");
  const std::size_t end = svg.rfind("</svg>");
  if (begin == svg.npos || end == svg.npos || end < begin) return "";
  svg = svg.substr(begin, end + 6 - begin);
  const std::optional<Size> size = svg_size(svg);
  if (!size) return "";
  std::string own = with_own_ids(svg, prefix);
  if (attribute(svg, "width").empty() && attribute(svg, "height").empty()) {
    own.insert(4, " width=\"" + std::to_string(size->width) + "\" height=\"" +
                      std::to_string(size->height) + "\"");
  }
  return own;
}

}  // namespace course
