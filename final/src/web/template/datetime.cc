#include "web/template/datetime.h"

#include <fmt/format.h>
#include <locale.h>
#include <time.h>

#include <array>
#include <cmath>

#include "web/template/arguments.h"
#include "web/template/value_bodies.h"

namespace tornado::template_ {
namespace detail {
namespace {

constexpr std::int64_t kMicro = 1'000'000;
constexpr std::int64_t kYear1 = -62'135'596'800 * kMicro;
constexpr std::int64_t kYear10000 = 253'402'300'800 * kMicro;

Value datetime(std::int64_t microseconds) {
  return Value::object(new DatetimeObject(microseconds));
}

// The microseconds of the second, also for a time before 1970.
std::int64_t fraction(std::int64_t microseconds) {
  const std::int64_t rest = microseconds % kMicro;
  return rest < 0 ? rest + kMicro : rest;
}

tm broken_down(std::int64_t microseconds) {
  const time_t seconds = (microseconds - fraction(microseconds)) / kMicro;
  tm parts{};
  ::gmtime_r(&seconds, &parts);
  return parts;
}

}  // namespace

DatetimeObject::DatetimeObject(std::int64_t microseconds) : microseconds_(microseconds) {
  if (microseconds < kYear1 || microseconds >= kYear10000) {
    fail("OverflowError", "date value out of range");
  }
}

std::string DatetimeObject::isoformat(char between) const {
  const tm parts = broken_down(microseconds_);
  const std::int64_t rest = fraction(microseconds_);
  return fmt::format("{:04}-{:02}-{:02}{}{:02}:{:02}:{:02}{}", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, between, parts.tm_hour, parts.tm_min,
                     parts.tm_sec, rest == 0 ? "" : fmt::format(".{:06}", rest));
}

// In the C locale, whatever the program's locale is.
std::string DatetimeObject::strftime(std::string_view pattern) const {
  static const locale_t locale = ::newlocale(LC_ALL_MASK, "C", nullptr);
  std::string known;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const std::string_view field = pattern.substr(i, pattern[i] == '%' ? 2 : 1);
    if (field == "%f") {
      known += fmt::format("{:06}", fraction(microseconds_));
    } else if (field != "%z" && field != "%Z") {  // nothing for a datetime without a time zone
      known += field;
    }
    i += field.size() - 1;
  }
  if (known.empty()) return {};
  const tm parts = broken_down(microseconds_);
  std::string text(64 + known.size() * 16, '\0');
  text.resize(::strftime_l(text.data(), text.size(), known.c_str(), &parts, locale));
  return text;
}

bool DatetimeObject::attribute(std::string_view name, Value& result) const {
  const tm parts = broken_down(microseconds_);
  const std::pair<std::string_view, int> numbers[] = {
      {"year", parts.tm_year + 1900},
      {"month", parts.tm_mon + 1},
      {"day", parts.tm_mday},
      {"hour", parts.tm_hour},
      {"minute", parts.tm_min},
      {"second", parts.tm_sec},
      {"microsecond", static_cast<int>(fraction(microseconds_))}};
  for (const auto& [known, number] : numbers) {
    if (known != name) continue;
    result = number;
    return true;
  }
  const Value self(Type::kObject, const_cast<DatetimeObject*>(this));
  if (name == "strftime") {
    result = [self, this](std::string_view pattern) { return strftime(pattern); };
  } else if (name == "isoformat") {
    result = [self, this]() { return isoformat('T'); };
  } else if (name == "weekday") {
    result = [day = parts.tm_wday]() { return (day + 6) % 7; };
  } else {
    return false;
  }
  return true;
}

// ---- the module ---------------------------------------------------------------------------------

namespace {

// datetime(2026, 11, 21, 9, 30)
Value make_datetime(const Arguments& arguments) {
  constexpr std::string_view kNames[] = {"year",   "month",  "day",        "hour",
                                         "minute", "second", "microsecond"};
  constexpr std::int64_t kLow[] = {1, 1, 1, 0, 0, 0, 0};
  constexpr std::int64_t kHigh[] = {9999, 12, 31, 23, 59, 59, 999'999};
  const Parameters given(arguments, "datetime", std::size(kNames));
  std::array<std::int64_t, 7> parts{};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i < 3) given.at(i, kNames[i]);
    parts[i] = given.integer_or(i, 0, kNames[i]);
    if (parts[i] < kLow[i] || parts[i] > kHigh[i]) {
      fail("ValueError", std::string(kNames[i]) + " is out of range");
    }
  }
  tm broken{};
  broken.tm_year = static_cast<int>(parts[0]) - 1900;
  broken.tm_mon = static_cast<int>(parts[1]) - 1;
  broken.tm_mday = static_cast<int>(parts[2]);
  const std::int64_t day = ::timegm(&broken);
  if (broken.tm_mday != parts[2]) fail("ValueError", "day is out of range for month");
  return datetime((day + parts[3] * 3600 + parts[4] * 60 + parts[5]) * kMicro + parts[6]);
}

Value datetime_now(bool local) {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  tm parts{};
  ::localtime_r(&time.tv_sec, &parts);
  const std::int64_t seconds = time.tv_sec + (local ? parts.tm_gmtoff : 0);
  return datetime(seconds * kMicro + time.tv_nsec / 1000);
}

// datetime.datetime: callable, with functions that create one.
class DatetimeClass final : public Object {
 public:
  Value call(const Arguments& arguments) const override { return make_datetime(arguments); }
  std::string_view type_name() const override { return "type"; }
  bool attribute(std::string_view name, Value& result) const override {
    if (name == "now") {
      result = []() { return datetime_now(true); };
    } else if (name == "utcnow") {
      result = []() { return datetime_now(false); };
    } else if (name == "utcfromtimestamp") {
      result = [](double seconds) { return Value::datetime(seconds); };
    } else {
      return false;
    }
    return true;
  }
};

}  // namespace

Value datetime_module() {
  return Value::dict({{Value("datetime"), Value::object(new DatetimeClass)}});
}

}  // namespace detail

Value Value::datetime(double seconds) {
  if (!(std::abs(seconds) < 1e12)) detail::fail("OverflowError", "date value out of range");
  return detail::datetime(std::llround(seconds * 1e6));
}

}  // namespace tornado::template_
