// Internal header: the named character references of HTML5.
#pragma once

#include <string_view>

namespace tornado::escape {

// The text that stands for a name without "&", such as "lt;" or "lt" (both exist), or an empty
// view.
std::string_view html_entity(std::string_view name) noexcept;

inline constexpr std::size_t kLongestHtmlEntity = 32;  // "CounterClockwiseContourIntegral;"

}  // namespace tornado::escape
