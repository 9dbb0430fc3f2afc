// Internal header: the named character references of HTML5.
#pragma once

#include <string_view>

namespace tornado::escape {

// Returns the text of the reference with this name, given without "&", such as "lt;" or "lt" (both
// exist). Empty if there is no such name.
std::string_view html_entity(std::string_view name) noexcept;

inline constexpr std::size_t kLongestHtmlEntity = 32;  // "CounterClockwiseContourIntegral;"

}  // namespace tornado::escape
