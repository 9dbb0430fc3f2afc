#include "base/options/time.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>

#include "base/text/ascii.h"
#include "base/text/number_text.h"
#include "base/text/unicode.h"

namespace tornado::options {
namespace {

constexpr std::string_view kFormats[] = {
    "%a %b %d %H:%M:%S %Y",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y%m%d %H:%M:%S",
    "%Y%m%d %H:%M",
    "%Y-%m-%d",
    "%Y%m%d",
    "%H:%M:%S",
    "%H:%M",
};
constexpr std::string_view kDays[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
constexpr std::string_view kMonths[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                        "jul", "aug", "sep", "oct", "nov", "dec"};

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

// Returns the index of the name that `text` begins with, in any case, or -1.
template <std::size_t N>
int name_index(const std::string_view (&names)[N], std::string_view text) {
  if (text.size() < 3) return -1;
  for (std::size_t i = 0; i < N; ++i) {
    const std::string_view name = names[i];
    if (std::equal(name.begin(), name.end(), text.begin(),
                   [](char a, char b) { return a == to_lower(b); })) {
      return static_cast<int>(i);
    }
  }
  return -1;
}

struct Field {
  int* value;
  std::size_t digits;
  int lowest, highest;
};

Field field_of(char directive, DateTime& out) {
  switch (directive) {
    case 'Y':
      return {&out.year, 4, 1, 9999};
    case 'm':
      return {&out.month, 2, 1, 12};
    case 'd':
      return {&out.day, 2, 1, 31};
    case 'H':
      return {&out.hour, 2, 0, 23};
    case 'M':
      return {&out.minute, 2, 0, 59};
    default:
      return {&out.second, 2, 0, 59};
  }
}

bool matches(std::string_view format, std::string_view text, DateTime& out);

// Tries two digits before one, as Python does, so "201311" is 1 January 2013.
bool matches_number(std::string_view rest, const Field& field, std::string_view text,
                    DateTime& out) {
  const std::size_t least = field.digits == 4 ? 4 : 1;
  for (std::size_t count = field.digits; count >= least; --count) {
    if (text.size() < count ||
        !std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(count), is_digit)) {
      continue;
    }
    std::from_chars(text.data(), text.data() + count, *field.value);
    const bool in_range = *field.value >= field.lowest && *field.value <= field.highest;
    if (in_range && matches(rest, text.substr(count), out)) return true;
  }
  return false;
}

// Matches all of `text` against the rest of a format. C's strptime is laxer and depends on the
// locale.
bool matches(std::string_view format, std::string_view text, DateTime& out) {
  if (format.empty()) return text.empty();
  if (format[0] == ' ') {
    const auto end = std::find_if_not(text.begin(), text.end(), is_space);
    return end != text.begin() &&
           matches(format.substr(1), text.substr(static_cast<std::size_t>(end - text.begin())),
                   out);
  }
  if (format[0] != '%') {
    // Letters match in any case, as in Python's strptime.
    return !text.empty() && to_lower(text[0]) == to_lower(format[0]) &&
           matches(format.substr(1), text.substr(1), out);
  }
  const std::string_view rest = format.substr(2);
  if (format[1] == 'a') return name_index(kDays, text) >= 0 && matches(rest, text.substr(3), out);
  if (format[1] == 'b') {
    out.month = name_index(kMonths, text) + 1;
    return out.month > 0 && matches(rest, text.substr(3), out);
  }
  return matches_number(rest, field_of(format[1], out), text, out);
}

bool is_real_day(const DateTime& date) {
  return (std::chrono::year(date.year) / date.month / date.day).ok();
}

constexpr double kSecond = 1e6;

// Returns the microseconds in a unit, or 0 for an unknown unit.
double unit_size(std::string_view unit) {
  constexpr std::pair<std::string_view, double> kUnits[] = {
      {"", kSecond},
      {"us", 1},
      {"microseconds", 1},
      {"ms", 1e3},
      {"milliseconds", 1e3},
      {"s", kSecond},
      {"sec", kSecond},
      {"seconds", kSecond},
      {"m", 60 * kSecond},
      {"min", 60 * kSecond},
      {"minutes", 60 * kSecond},
      {"h", 3600 * kSecond},
      {"hours", 3600 * kSecond},
      {"d", 86400 * kSecond},
      {"days", 86400 * kSecond},
      {"w", 604800 * kSecond},
      {"weeks", 604800 * kSecond},
  };
  for (const auto& [name, size] : kUnits) {
    if (name == unit) return size;
  }
  return 0;
}

void skip_spaces(std::string_view& text) {
  while (!text.empty() && is_space(text[0])) text.remove_prefix(1);
}

std::string_view take_word(std::string_view& text) {
  const auto is_letter = [](char c) { return is_alnum(c) || c == '_'; };
  const auto end = std::find_if_not(text.begin(), text.end(), is_letter);
  const std::string_view word = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(word.size());
  return word;
}

// Takes one number with its unit off the front. Returns microseconds, or NaN if there is none.
double take_amount(std::string_view& text) {
  const double kNone = std::nan("");
  skip_spaces(text);
  if (!text.empty() && text[0] == '+' && text.substr(1, 1) != "-") text.remove_prefix(1);
  const std::string_view unsigned_text = text.substr(text.starts_with('-') ? 1 : 0);
  // from_chars would accept "inf" too.
  if (unsigned_text.empty() || !(is_digit(unsigned_text[0]) || unsigned_text[0] == '.'))
    return kNone;
  double number = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  if (result.ec != std::errc()) return kNone;
  text.remove_prefix(static_cast<std::size_t>(result.ptr - text.data()));
  skip_spaces(text);
  const double size = unit_size(take_word(text));
  skip_spaces(text);
  return size == 0 ? kNone : number * size;
}

}  // namespace

DateTime parse_datetime(std::string_view text) {
  for (const std::string_view format : kFormats) {
    DateTime result;
    if (matches(format, text, result) && is_real_day(result)) return result;
  }
  throw Error("unrecognized date or time \"" + std::string(text) + '"');
}

TimeDelta parse_timedelta(std::string_view text) {
  constexpr double kLargest = 9e18;  // the limit of 64 bits, some 285,000 years
  double sum = 0;
  for (std::string_view rest = text; !rest.empty();) {
    sum += std::nearbyint(take_amount(rest));
    if (!(std::abs(sum) <= kLargest))
      throw Error("unrecognized time span \"" + std::string(text) + '"');
  }
  return {static_cast<std::int64_t>(sum)};
}

std::string_view digits_of(std::string_view text) {
  const std::string_view digits = escape::strip_unicode(text);
  return digits.substr(digits.starts_with('+') && !digits.starts_with("+-") ? 1 : 0);
}

double parse_float(std::string_view text) {
  if (const auto number = parse_number<double>(digits_of(text))) return *number;
  throw Error("not a number: \"" + std::string(text) + '"');
}

std::string to_text(const DateTime& v) {
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", v.year, v.month, v.day, v.hour,
                     v.minute, v.second);
}

std::string to_text(const TimeDelta& value) {
  constexpr std::pair<std::string_view, std::int64_t> kUnits[] = {
      {"d", 86'400'000'000}, {"h", 3'600'000'000}, {"m", 60'000'000}, {"s", 1'000'000}, {"us", 1}};
  std::string text;
  std::int64_t rest = value.microseconds;
  for (const auto& [unit, size] : kUnits) {
    if (rest / size == 0) continue;
    text += fmt::format("{}{}{}", text.empty() ? "" : " ", rest / size, unit);
    rest %= size;
  }
  return text.empty() ? "0s" : text;
}

}  // namespace tornado::options
