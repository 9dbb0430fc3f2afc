// Internal header. SVG drawings as a part of a page, so that they follow its colours.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace course {

struct Size {
  int width = 0;
  int height = 0;
};

// Returns the size of an SVG or PNG image; nothing if its first bytes do not tell.
std::optional<Size> image_size(std::string_view bytes);

// Returns the <svg> element of an SVG file with its size as attributes, and with `prefix` before
// its ids, so that a page can contain several. Empty if the text is not an SVG image with a size.
std::string inline_svg(std::string_view svg, std::string_view prefix);

}  // namespace course
