// Internal header. Media types by file name.
#pragma once

#include <string_view>

namespace tornado::web::detail {

// Returns the media type for a file name or path, by its last extension, ignoring case. A
// compressed file is "application/gzip" (RFC 6713), or plain bytes for codings without a type,
// whatever it contains. An unknown extension gives "application/octet-stream". The table is our
// own, so a response does not depend on the machine that gives it. Tornado: mimetypes.guess_type.
std::string_view guess_type(std::string_view path) noexcept;

}  // namespace tornado::web::detail
