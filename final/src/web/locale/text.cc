// The way languages write dates, lists and numbers.
#include <tornado/locale.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <stdexcept>

namespace tornado::locale {
namespace {

constexpr std::int64_t kSecond = 1'000'000;  // dates count microseconds, as Python's do
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kDay = 24 * 60 * kMinute;

constexpr std::array<const char*, 12> kMonths = {"January",   "February", "March",    "April",
                                                 "May",       "June",     "July",     "August",
                                                 "September", "October",  "November", "December"};
constexpr std::array<const char*, 7> kWeekdays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                  "Thursday", "Friday", "Saturday"};

std::int64_t microseconds(double date) {
  constexpr double kYear1 = -62135596800;
  constexpr double kYear10000 = 253402300800;
  if (!(date >= kYear1 && date < kYear10000)) {
    throw std::invalid_argument("the year of a date must be from 1 to 9999");
  }
  return std::llround(date * static_cast<double>(kSecond));
}

std::int64_t microseconds_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

std::tm calendar(std::int64_t date, int gmt_offset) {
  const std::time_t seconds = floor_divide(date - gmt_offset * kMinute, kSecond);
  std::tm result{};
  ::gmtime_r(&seconds, &result);
  return result;
}

// Rounds half of a unit to the even neighbour, as Python's round() does.
std::int64_t round_to(std::int64_t seconds, std::int64_t unit) {
  return std::llrint(static_cast<double>(seconds) / static_cast<double>(unit));
}

std::string two_digits(int value) {
  return {static_cast<char>('0' + value / 10), static_cast<char>('0' + value % 10)};
}

// English and Chinese use a twelve-hour clock, all others 24 hours.
std::string time_of_day(std::string_view code, const std::tm& local) {
  const bool is_english = code == "en" || code == "en_US";
  const bool is_chinese = code == "zh_CN";
  const std::string minutes = ":" + two_digits(local.tm_min);
  if (!is_english && !is_chinese) return std::to_string(local.tm_hour) + minutes;
  const std::string text =
      std::to_string(local.tm_hour % 12 == 0 ? 12 : local.tm_hour % 12) + minutes;
  const bool is_morning = local.tm_hour < 12;
  if (is_english) return text + (is_morning ? " am" : " pm");
  return (is_morning ? "上午" : "下午") + text;
}

std::string_view name_of(std::string_view code) {
  const auto found = std::lower_bound(
      LOCALE_NAMES.begin(), LOCALE_NAMES.end(), code,
      [](const LocaleName& entry, std::string_view wanted) { return entry.code < wanted; });
  return found != LOCALE_NAMES.end() && found->code == code ? found->name : "Unknown";
}

bool is_right_to_left(std::string_view code) {
  return code.starts_with("fa") || code.starts_with("ar") || code.starts_with("he");
}

// Chooses the format for a date of that age; `is_yesterday` by the reader's calendar.
const char* pattern_for(std::int64_t days, bool is_yesterday, const DateFormat& format) {
  if (!format.full_format) {
    if (days == 0) return "%(time)s";
    if (days == 1 && is_yesterday && format.relative) {
      return format.shorter ? "yesterday" : "yesterday at %(time)s";
    }
    if (days < 5) return format.shorter ? "%(weekday)s" : "%(weekday)s at %(time)s";
    if (days < 334) {  // eleven months: the same month a year ago would mislead
      return format.shorter ? "%(month_name)s %(day)s" : "%(month_name)s %(day)s at %(time)s";
    }
  }
  return format.shorter ? "%(month_name)s %(day)s, %(year)s"
                        : "%(month_name)s %(day)s, %(year)s at %(time)s";
}

// Less than a day, in words.
std::string age(const Locale& locale, std::int64_t seconds) {
  if (seconds < 50) {
    const std::string text = locale.translate("1 second ago", "%(seconds)d seconds ago", seconds);
    return format(text, {{"seconds", std::to_string(seconds)}});
  }
  if (seconds < 50 * 60) {
    const std::int64_t minutes = round_to(seconds, 60);
    const std::string text = locale.translate("1 minute ago", "%(minutes)d minutes ago", minutes);
    return format(text, {{"minutes", std::to_string(minutes)}});
  }
  const std::int64_t hours = round_to(seconds, 60 * 60);
  const std::string text = locale.translate("1 hour ago", "%(hours)d hours ago", hours);
  return format(text, {{"hours", std::to_string(hours)}});
}

}  // namespace

Locale::Locale(std::string locale_code)
    : code(std::move(locale_code)), name(name_of(code)), rtl(is_right_to_left(code)) {}

std::string Locale::pgettext(std::string_view, std::string_view message) const {
  return translate(message);
}

std::string Locale::pgettext(std::string_view, std::string_view message,
                             std::string_view plural_message, std::int64_t count) const {
  return translate(message, plural_message, count);
}

std::string Locale::format_date(double when, const DateFormat& wanted) const {
  DateFormat style = wanted;
  std::int64_t date = microseconds(when);
  const std::int64_t now = style.now ? microseconds(*style.now) : microseconds_now();
  if (date > now) {
    // Clocks differ a little: a time slightly ahead counts as now.
    if (style.relative && date - now < kMinute) {
      date = now;
    } else {
      style.full_format = true;
    }
  }
  const std::int64_t days = (now - date) / kDay;
  if (!style.full_format && style.relative && days == 0) return age(*this, (now - date) / kSecond);

  const std::tm local = calendar(date, style.gmt_offset);
  const bool is_yesterday = local.tm_mday == calendar(now - kDay, style.gmt_offset).tm_mday;
  return format(translate(pattern_for(days, is_yesterday, style)),
                {{"month_name", translate(kMonths[static_cast<std::size_t>(local.tm_mon)])},
                 {"weekday", translate(kWeekdays[static_cast<std::size_t>(local.tm_wday)])},
                 {"day", std::to_string(local.tm_mday)},
                 {"year", std::to_string(local.tm_year + 1900)},
                 {"time", time_of_day(code, local)}});
}

std::string Locale::format_day(double date, int gmt_offset, bool dow) const {
  const std::tm local = calendar(microseconds(date), gmt_offset);
  const char* const pattern =
      dow ? "%(weekday)s, %(month_name)s %(day)s" : "%(month_name)s %(day)s";
  return format(translate(pattern),
                {{"month_name", translate(kMonths[static_cast<std::size_t>(local.tm_mon)])},
                 {"weekday", translate(kWeekdays[static_cast<std::size_t>(local.tm_wday)])},
                 {"day", std::to_string(local.tm_mday)}});
}

std::string Locale::list(const std::vector<std::string>& parts) const {
  if (parts.empty()) return {};
  if (parts.size() == 1) return parts.front();
  const std::string_view comma = code.starts_with("fa") ? " و " : ", ";
  std::string commas = parts.front();
  for (std::size_t i = 1; i + 1 < parts.size(); ++i) commas.append(comma).append(parts[i]);
  return format(translate("%(commas)s and %(last)s"), {{"commas", commas}, {"last", parts.back()}});
}

std::string Locale::friendly_number(std::int64_t value) const {
  std::string digits = std::to_string(value);
  if (code != "en" && code != "en_US") return digits;
  const std::size_t first = value < 0 ? 1 : 0;
  for (std::size_t i = digits.size(); i > first + 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

std::string format(std::string_view text,
                   std::initializer_list<std::pair<std::string_view, std::string_view>> values) {
  std::string out;
  for (std::size_t at = text.find('%'); at != text.npos; at = text.find('%')) {
    out.append(text.substr(0, at));
    text.remove_prefix(at);
    if (text.starts_with("%%")) {
      out += '%';
      text.remove_prefix(2);
      continue;
    }
    const std::size_t close = text.starts_with("%(") ? text.find(')') : text.npos;
    const bool is_name = close != text.npos && close + 1 < text.size() &&
                         (text[close + 1] == 's' || text[close + 1] == 'd');
    const auto found = std::find_if(values.begin(), values.end(), [&](const auto& value) {
      return is_name && value.first == text.substr(2, close - 2);
    });
    if (found == values.end()) {
      out += '%';
      text.remove_prefix(1);
    } else {
      out.append(found->second);
      text.remove_prefix(close + 2);
    }
  }
  return out.append(text);
}

}  // namespace tornado::locale
