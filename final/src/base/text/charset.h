// Internal header: converts text from other encodings to UTF-8.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tornado::escape {

// Returns whether to_utf8() supports this encoding.
bool is_known_charset(const std::string& charset) noexcept;

// Converts `bytes` to UTF-8 and drops a byte-order mark. Returns nullopt if they are not valid in
// this encoding, or if the encoding is unknown. "utf-16" takes its byte order from the mark.
std::optional<std::string> to_utf8(std::string_view bytes, const std::string& charset);

}  // namespace tornado::escape
