// Internal header. Dates as HTTP writes them (RFC 9110 5.6.7).
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace tornado::http {

inline constexpr std::size_t kDateSize = 29;  // "Sun, 27 Jan 2013 18:43:20 GMT"

// Writes the date to `out`, which must have room for kDateSize bytes. Returns false, with nothing
// written, for a year outside 0-9999.
bool write_date(std::int64_t unix_seconds, char* out);

// Parses the three forms that a recipient must accept: the one above, RFC 850's and asctime's.
// Returns nothing for other text. `now` decides the century of RFC 850's two-digit years: a date
// more than 50 years ahead is taken to be in the past.
std::optional<std::int64_t> parse_date(std::string_view text, std::int64_t now);

// The value of the Date header, rewritten once a second. One per loop.
class DateCache {
 public:
  // Returns the date of `unix_seconds`. Valid until a call with a different second.
  std::string_view get(std::int64_t unix_seconds) {
    if (unix_seconds != second_ && write_date(unix_seconds, text_.data())) second_ = unix_seconds;
    return {text_.data(), kDateSize};
  }

 private:
  std::int64_t second_ = std::numeric_limits<std::int64_t>::min();
  std::array<char, kDateSize> text_{};
};

}  // namespace tornado::http
