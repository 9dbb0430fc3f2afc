// Internal header: text in other encodings than UTF-8.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tornado::escape {

// Whether to_utf8() knows this encoding.
bool is_known_charset(const std::string& charset) noexcept;

// `bytes` in UTF-8, without a byte-order mark; nothing if they are not in this encoding, or if it
// is not known. "utf-16" takes its byte order from the mark.
std::optional<std::string> to_utf8(std::string_view bytes, const std::string& charset);

}  // namespace tornado::escape
