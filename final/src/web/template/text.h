// Internal header: the characters of a str, as Python counts them: code points, not bytes. Bytes
// that are not UTF-8 count one each.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tornado::template_::detail {

std::size_t count_characters(std::string_view text);
// Returns where each character begins, and the end.
std::vector<std::size_t> character_starts(std::string_view text);

// Appends Python's repr of a str.
void append_quoted(std::string& out, std::string_view text);

// Python's str methods of these names, with the simple case mappings of Unicode and "ß" as "SS".
std::string upper(std::string_view text);
std::string lower(std::string_view text);
std::string capitalize(std::string_view text);
std::string title(std::string_view text);

}  // namespace tornado::template_::detail
