// Internal header. Range and the conditions of conditional requests (RFC 9110 13.1 and 14.1).
#pragma once

#include <cstdint>
#include <string_view>

namespace tornado::http {

// Bytes begin to end - 1.
struct ByteRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

enum class RangeStatus : std::uint8_t {
  kAll,            // the field asks for nothing that can be sent as one piece: send everything
  kPart,           // some of the bytes
  kUnsatisfiable,  // none of them
};

// Parses a Range field for a body of `size` bytes into `range`. Understands a single range of
// bytes. Several ranges, other units and malformed values mean everything, as does a range that
// covers it; a last byte before the first one is unsatisfiable (Tornado; RFC 9110 14.2 allows it).
RangeStatus parse_range(std::string_view field, std::uint64_t size, ByteRange& range);

// Returns whether a list of entity tags (If-Match) is "*" or contains `tag`. Uses the strong
// comparison: a weak tag equals none (RFC 9110 8.8.3.2).
bool has_strong_tag(std::string_view list, std::string_view tag);

}  // namespace tornado::http
