// Internal header. What a file's name says of its content.
#pragma once

#include <string_view>

namespace tornado::web::detail {

// The media type for a file name or path, by its last extension, in any case. A compressed file is
// "application/gzip" (RFC 6713), or plain bytes for codings without a type, whatever is in it.
// "application/octet-stream" if nothing is known. The table is our own: an answer does not depend
// on which machine gives it. Tornado: mimetypes.guess_type.
std::string_view guess_type(std::string_view path) noexcept;

}  // namespace tornado::web::detail
