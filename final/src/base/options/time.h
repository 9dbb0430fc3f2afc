// Internal header: dates and spans of time in options.
#pragma once

#include <tornado/options.h>

#include <string>
#include <string_view>

namespace tornado::options {

// Both throw Error for text that cannot be parsed.
DateTime parse_datetime(std::string_view text);
TimeDelta parse_timedelta(std::string_view text);

std::string to_text(const DateTime& value);   // "2026-11-20 22:55:07"
std::string to_text(const TimeDelta& value);  // "1h 30m"

// Returns what Python's int() and float() look at: `text` without blanks around it, and without
// "+".
std::string_view digits_of(std::string_view text);
// Same as Python's float(text): also accepts "inf", "nan" and "+1.". Throws Error.
double parse_float(std::string_view text);

}  // namespace tornado::options
