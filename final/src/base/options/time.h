// Internal header: dates and spans of time in options.
#pragma once

#include <tornado/options.h>

#include <string>
#include <string_view>

namespace tornado::options {

// Both throw Error for text that is none.
DateTime parse_datetime(std::string_view text);
TimeDelta parse_timedelta(std::string_view text);

std::string to_text(const DateTime& value);   // "2026-11-20 22:55:07"
std::string to_text(const TimeDelta& value);  // "1h 30m"

// Python's float(text): also "inf", "nan", "+1.". Throws Error.
double parse_float(std::string_view text);

}  // namespace tornado::options
