// Internal header. The versions of files: hashes of what is in them.
#pragma once

#include <string>

#include "web/static/content.h"

namespace tornado::web::detail {

// A bigger file is not read for its version: its size and time have to do. Reading holds up the
// loop, and this much takes a few milliseconds.
inline constexpr std::uint64_t kMostHashed = 4'194'304;

// SHA-512, in hex: of the bytes, or for a file of more than kMostHashed of its size and the time of
// its last change. Kept for each path and thread, and worked out anew when the file is another, or
// has changed. Throws std::system_error if it cannot be read.
std::string content_version(const StaticContent& content);

// The next content_version() of this path is worked out anew; of all paths.
void forget_version(const std::string& path);
void forget_versions();

}  // namespace tornado::web::detail
