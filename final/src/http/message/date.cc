#include "http/message/date.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <string>

#include "http/message/chars.h"
#include "tornado/httputil.h"

namespace tornado::http {
namespace {

constexpr std::int64_t kDay = 24 * 60 * 60;
constexpr std::int64_t kYearZero = -62167219200;  // 1 January of the year 0
constexpr std::int64_t kYearEnd = 253402300800;   // 1 January of the year 10000
constexpr std::string_view kDays = "SunMonTueWedThuFriSat";
constexpr std::string_view kLongDays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                          "Thursday", "Friday", "Saturday"};
constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";

struct Date {
  int year = 0;
  int month = 0;  // 1 to 12
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
};

std::chrono::year_month_day date_of(std::int64_t days) {
  return std::chrono::sys_days(std::chrono::days(days));
}

char* write_number(char* out, int value, int digits) {
  for (int i = digits - 1; i >= 0; --i) {
    out[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  return out + digits;
}

char* write_text(char* out, std::string_view text) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

int index_in(std::string_view names, std::string_view name) {
  for (std::size_t i = 0; i < names.size(); i += 3) {
    if (names.substr(i, 3) == name) return static_cast<int>(i / 3);
  }
  return -1;
}

// Compares `text` with a pattern: "0" stands for a digit, "_" for a digit or a blank, "a" for a
// letter.
bool has_shape(std::string_view text, std::string_view shape) {
  if (text.size() != shape.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool fits = shape[i] == '0'   ? is_digit(c)
                      : shape[i] == '_' ? is_digit(c) || c == ' '
                      : shape[i] == 'a' ? is_alpha(c)
                                        : c == shape[i];
    if (!fits) return false;
  }
  return true;
}

int number(std::string_view digits) {
  int value = 0;
  for (const char c : digits) value = value * 10 + (c == ' ' ? 0 : c - '0');
  return value;
}

void read_time(std::string_view text, Date& date) {  // "18:43:20"
  date.hour = number(text.substr(0, 2));
  date.minute = number(text.substr(3, 2));
  date.second = number(text.substr(6, 2));
}

std::optional<std::int64_t> to_seconds(const Date& date) {
  const std::chrono::year_month_day day(std::chrono::year(date.year),
                                        std::chrono::month(static_cast<unsigned>(date.month)),
                                        std::chrono::day(static_cast<unsigned>(date.day)));
  const bool in_range =
      day.ok() && date.hour < 24 && date.minute < 60 && date.second <= 60;  // 60: a leap second
  if (!in_range) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(day).time_since_epoch().count();
  return days * kDay + date.hour * 3600 + date.minute * 60 + date.second;
}

std::optional<std::int64_t> parse_rfc850(std::string_view text, std::int64_t now) {
  const std::size_t comma = text.find(',');
  const std::string_view day = text.substr(0, comma);
  if (std::find(std::begin(kLongDays), std::end(kLongDays), day) == std::end(kLongDays)) {
    return std::nullopt;
  }
  text.remove_prefix(day.size());
  if (!has_shape(text, ", 00-aaa-00 00:00:00 GMT")) return std::nullopt;
  Date date;
  date.day = number(text.substr(2, 2));
  date.month = index_in(kMonths, text.substr(5, 3)) + 1;
  read_time(text.substr(12, 8), date);
  const int this_year = static_cast<int>(date_of(now / kDay).year());
  date.year = this_year - this_year % 100 + number(text.substr(9, 2));
  if (date.year > this_year + 50) date.year -= 100;
  return to_seconds(date);
}

}  // namespace

bool write_date(std::int64_t unix_seconds, char* out) {
  if (unix_seconds < kYearZero || unix_seconds >= kYearEnd) return false;
  const std::int64_t since_year_zero = unix_seconds - kYearZero;  // avoids negative remainders
  const std::int64_t days = since_year_zero / kDay;
  const int second = static_cast<int>(since_year_zero % kDay);
  const std::chrono::year_month_day date = date_of(days + kYearZero / kDay);
  // 1 January of the year 0 was a Saturday.
  out = write_text(out, kDays.substr(static_cast<std::size_t>((days + 6) % 7) * 3, 3));
  out = write_number(write_text(out, ", "), static_cast<int>(unsigned{date.day()}), 2);
  out = write_text(write_text(out, " "),
                   kMonths.substr(std::size_t{unsigned{date.month()} - 1} * 3, 3));
  out = write_number(write_text(out, " "), static_cast<int>(date.year()), 4);
  out = write_number(write_text(out, " "), second / 3600, 2);
  out = write_number(write_text(out, ":"), second / 60 % 60, 2);
  out = write_number(write_text(out, ":"), second % 60, 2);
  write_text(out, " GMT");
  return true;
}

std::optional<std::int64_t> parse_date(std::string_view text, std::int64_t now) {
  Date date;
  if (has_shape(text, "aaa, 00 aaa 0000 00:00:00 GMT")) {
    if (index_in(kDays, text.substr(0, 3)) < 0) return std::nullopt;
    date.day = number(text.substr(5, 2));
    date.month = index_in(kMonths, text.substr(8, 3)) + 1;
    date.year = number(text.substr(12, 4));
    read_time(text.substr(17, 8), date);
    return to_seconds(date);
  }
  if (has_shape(text, "aaa aaa _0 00:00:00 0000")) {  // asctime
    if (index_in(kDays, text.substr(0, 3)) < 0) return std::nullopt;
    date.month = index_in(kMonths, text.substr(4, 3)) + 1;
    date.day = number(text.substr(8, 2));
    read_time(text.substr(11, 8), date);
    date.year = number(text.substr(20, 4));
    return to_seconds(date);
  }
  return parse_rfc850(text, now);
}

}  // namespace tornado::http

namespace tornado::httputil {

std::string format_timestamp(std::int64_t unix_seconds) {
  std::string text(http::kDateSize, '\0');
  if (!http::write_date(unix_seconds, text.data())) {
    throw std::invalid_argument("timestamp outside the years 0 to 9999");
  }
  return text;
}

}  // namespace tornado::httputil
