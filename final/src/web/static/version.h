// Internal header. The versions of files: hashes of their contents.
#pragma once

#include <string>

#include "web/static/content.h"

namespace tornado::web::detail {

// A larger file is not read for its version: its size and time have to suffice. Reading blocks the
// loop, and this much takes a few milliseconds.
inline constexpr std::uint64_t kMostHashed = 4'194'304;

// Returns a SHA-512, in hex: of the bytes or, for a file of more than kMostHashed, of its size and
// last change. Cached per path and thread; recomputed if the file was replaced or has changed.
// Throws std::system_error if the file cannot be read.
std::string content_version(const StaticContent& content);

// Makes the next content_version() recompute the version of this path, or of all paths.
void forget_version(const std::string& path);
void forget_versions();

}  // namespace tornado::web::detail
