// Python's datetime module, as far as pages need it: datetime, date and timedelta.
#include <locale.h>
#include <time.h>

#include <array>
#include <cmath>
#include <cstdio>

#include "web/template/builtins.h"
#include "web/template/methods.h"
#include "web/template/operations.h"
#include "web/template/value_bodies.h"

namespace tornado::template_ {
namespace detail {
namespace {

constexpr std::int64_t kMicro = 1'000'000;
constexpr std::int64_t kDay = 86'400 * kMicro;
constexpr std::int64_t kYear1 = -62'135'596'800 * kMicro;
constexpr std::int64_t kYear9999 = 253'402'300'800 * kMicro;

std::int64_t floor_to(std::int64_t value, std::int64_t unit) {
  const std::int64_t rest = value % unit;
  return (value - (rest < 0 ? rest + unit : rest)) / unit;
}

std::string format_text(const char* pattern, auto... values) {
  std::array<char, 96> text;
  const int size = std::snprintf(text.data(), text.size(), pattern, values...);
  return std::string(text.data(), static_cast<std::size_t>(size));
}

// ---- timedelta ----------------------------------------------------------------------------------

class TimeDelta final : public TimeObject {
 public:
  explicit TimeDelta(std::int64_t micros) : micros_(micros) {}

  std::string_view type_name() const override { return "datetime.timedelta"; }
  std::int64_t microseconds() const override { return micros_; }

  std::string str() const override {
    const std::int64_t days = floor_to(micros_, kDay);
    const std::int64_t seconds = rest() / kMicro;
    std::string out;
    if (days != 0) out = std::to_string(days) + (std::abs(days) == 1 ? " day, " : " days, ");
    out += format_text("%d:%02d:%02d", static_cast<int>(seconds / 3600),
                       static_cast<int>(seconds / 60 % 60), static_cast<int>(seconds % 60));
    const auto micros = static_cast<int>(rest() % kMicro);
    return micros == 0 ? out : out + format_text(".%06d", micros);
  }

  std::string repr() const override { return "datetime.timedelta(" + str() + ")"; }

  bool attribute(std::string_view name, Value& result) const override {
    if (name == "days") {
      result = floor_to(micros_, kDay);
    } else if (name == "seconds") {
      result = rest() / kMicro;
    } else if (name == "microseconds") {
      result = rest() % kMicro;
    } else if (name == "total_seconds") {
      result = [micros = micros_]() { return static_cast<double>(micros) / kMicro; };
    } else {
      return false;
    }
    return true;
  }

  Value plus(const TimeObject& other, int sign) const override;

 private:
  std::int64_t rest() const { return micros_ - floor_to(micros_, kDay) * kDay; }
  std::int64_t micros_;
};

// ---- datetime and date --------------------------------------------------------------------------

tm broken_down(std::int64_t micros) {
  const time_t seconds = floor_to(micros, kMicro);
  tm parts{};
  ::gmtime_r(&seconds, &parts);
  return parts;
}

// strftime() in the C locale, whatever the program's locale is.
std::string formatted(const tm& parts, const std::string& pattern) {
  static const locale_t locale = ::newlocale(LC_ALL_MASK, "C", nullptr);
  if (pattern.empty()) return {};
  std::string text(64 + pattern.size() * 4, '\0');
  for (int attempt = 0; attempt < 4; ++attempt, text.resize(text.size() * 4)) {
    const auto size = ::strftime_l(text.data(), text.size(), pattern.c_str(), &parts, locale);
    if (size > 0) return text.substr(0, size);
  }
  return {};
}

class Moment final : public TimeObject {
 public:
  Moment(std::int64_t micros, bool is_date) : micros_(micros), is_date_(is_date) {
    if (micros < kYear1 || micros >= kYear9999) fail("OverflowError", "date value out of range");
  }

  std::string_view type_name() const override {
    return is_date_ ? "datetime.date" : "datetime.datetime";
  }
  std::int64_t microseconds() const override { return micros_; }
  std::string str() const override { return iso(' '); }
  std::string repr() const override { return std::string(type_name()) + "(" + str() + ")"; }
  bool attribute(std::string_view name, Value& result) const override;

  Value plus(const TimeObject& other, int sign) const override {
    if (const auto* moment = dynamic_cast<const Moment*>(&other)) {
      if (sign > 0 || moment->is_date_ != is_date_) {
        fail("TypeError", "unsupported operand type(s) for datetimes");
      }
      return Value::object(new TimeDelta(micros_ - moment->micros_));
    }
    const std::int64_t by = sign * other.microseconds();
    std::int64_t sum = 0;
    if (__builtin_add_overflow(micros_, is_date_ ? floor_to(by, kDay) * kDay : by, &sum)) {
      fail("OverflowError", "date value out of range");
    }
    return Value::object(new Moment(sum, is_date_));
  }

  std::string iso(char between) const {
    const tm parts = broken_down(micros_);
    std::string out =
        format_text("%04d-%02d-%02d", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
    if (is_date_) return out;
    out += between;
    out += format_text("%02d:%02d:%02d", parts.tm_hour, parts.tm_min, parts.tm_sec);
    return micro() == 0 ? out : out + format_text(".%06d", static_cast<int>(micro()));
  }

  std::string strftime(std::string_view pattern) const {
    std::string known;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
      if (pattern.substr(i, 2) == "%f") {
        known += format_text("%06d", static_cast<int>(micro()));
        ++i;
      } else if (pattern[i] == '%' && i + 1 < pattern.size()) {
        // %z and %Z yield nothing for a datetime without a time zone.
        if (pattern[i + 1] != 'z' && pattern[i + 1] != 'Z') known += pattern.substr(i, 2);
        ++i;
      } else {
        known += pattern[i];
      }
    }
    return formatted(broken_down(micros_), known);
  }

 private:
  std::int64_t micro() const { return micros_ - floor_to(micros_, kMicro) * kMicro; }
  bool find_method(std::string_view name, Value& result) const;

  std::int64_t micros_;
  bool is_date_;
};

bool Moment::attribute(std::string_view name, Value& result) const {
  const tm parts = broken_down(micros_);
  const std::pair<std::string_view, int> numbers[] = {{"year", parts.tm_year + 1900},
                                                      {"month", parts.tm_mon + 1},
                                                      {"day", parts.tm_mday},
                                                      {"hour", parts.tm_hour},
                                                      {"minute", parts.tm_min},
                                                      {"second", parts.tm_sec},
                                                      {"microsecond", static_cast<int>(micro())}};
  const std::size_t count = is_date_ ? 3 : std::size(numbers);
  for (std::size_t i = 0; i < count; ++i) {
    if (numbers[i].first != name) continue;
    result = numbers[i].second;
    return true;
  }
  return find_method(name, result);
}

bool Moment::find_method(std::string_view name, Value& result) const {
  if (name == "strftime") {
    result = [micros = micros_, date = is_date_](const std::string& pattern) {
      return Moment(micros, date).strftime(pattern);
    };
  } else if (name == "isoformat") {
    result = [micros = micros_, date = is_date_](const Arguments& arguments) {
      const Parameters given(arguments, "isoformat", 1);
      const Value* between = given.find(0, "sep");
      return Moment(micros, date).iso(between == nullptr ? 'T' : given.text(0, "sep").at(0));
    };
  } else if (name == "weekday") {
    result = [day = broken_down(micros_).tm_wday]() { return (day + 6) % 7; };
  } else if (name == "timestamp" && !is_date_) {
    // Treats a datetime without a zone as Python does: as local time.
    result = [parts = broken_down(micros_), micro = micro()]() mutable {
      parts.tm_isdst = -1;
      return static_cast<double>(::mktime(&parts)) + static_cast<double>(micro) / kMicro;
    };
  } else if (name == "date" && !is_date_) {
    result = [micros = micros_]() {
      return Value::object(new Moment(floor_to(micros, kDay) * kDay, true));
    };
  } else {
    return false;
  }
  return true;
}

Value TimeDelta::plus(const TimeObject& other, int sign) const {
  if (dynamic_cast<const TimeDelta*>(&other) == nullptr) {
    if (sign > 0) return other.plus(*this, 1);
    fail("TypeError", "unsupported operand type(s) for -: timedelta and datetime");
  }
  std::int64_t sum = 0;
  if (__builtin_add_overflow(micros_, sign * other.microseconds(), &sum)) {
    fail("OverflowError", "timedelta out of range");
  }
  return Value::object(new TimeDelta(sum));
}

// ---- the module ---------------------------------------------------------------------------------

std::int64_t now(bool local) {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  std::int64_t seconds = time.tv_sec;
  if (local) {
    tm parts{};
    ::localtime_r(&time.tv_sec, &parts);
    seconds += parts.tm_gmtoff;
  }
  return seconds * kMicro + time.tv_nsec / 1000;
}

Value moment(std::int64_t micros) {
  return Value::object(new Moment(micros, false));
}

// datetime(2026, 11, 21, 9, 30) and date(2026, 11, 21)
Value make_moment(const Arguments& arguments, bool is_date) {
  const Parameters given(arguments, "datetime", is_date ? 3 : 7);
  constexpr std::string_view kNames[] = {"year",   "month",  "day",        "hour",
                                         "minute", "second", "microsecond"};
  constexpr std::int64_t kLow[] = {1, 1, 1, 0, 0, 0, 0};
  constexpr std::int64_t kHigh[] = {9999, 12, 31, 23, 59, 59, 999'999};
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
  broken.tm_hour = static_cast<int>(parts[3]);
  broken.tm_min = static_cast<int>(parts[4]);
  broken.tm_sec = static_cast<int>(parts[5]);
  const std::int64_t seconds = ::timegm(&broken);
  if (broken.tm_mday != parts[2]) fail("ValueError", "day is out of range for month");
  return Value::object(new Moment(seconds * kMicro + parts[6], is_date));
}

Value make_timedelta(const Arguments& arguments) {
  constexpr std::string_view kNames[] = {"days",    "seconds", "microseconds", "milliseconds",
                                         "minutes", "hours",   "weeks"};
  constexpr double kUnits[] = {86400e6, 1e6, 1, 1e3, 60e6, 3600e6, 7 * 86400e6};
  const Parameters given(arguments, "timedelta", std::size(kNames));
  double micros = 0;
  for (std::size_t i = 0; i < std::size(kNames); ++i) {
    if (const Value* value = given.find(i, kNames[i])) {
      micros += value->get<double>() * kUnits[i];
    }
  }
  if (!(std::abs(micros) < 9e18)) fail("OverflowError", "timedelta out of range");
  return Value::object(new TimeDelta(std::llround(micros)));
}

// datetime.datetime and datetime.date: callable, with functions that create one.
class MomentClass final : public Object {
 public:
  explicit MomentClass(bool is_date) : is_date_(is_date) {}
  Value call(const Arguments& arguments) const override { return make_moment(arguments, is_date_); }
  std::string_view type_name() const override { return "type"; }
  bool attribute(std::string_view name, Value& result) const override {
    if (name == "today" && is_date_) {
      result = []() { return Value::object(new Moment(floor_to(now(true), kDay) * kDay, true)); };
    } else if (name == "now" && !is_date_) {
      result = []() { return moment(now(true)); };
    } else if (name == "utcnow" && !is_date_) {
      result = []() { return moment(now(false)); };
    } else if (name == "utcfromtimestamp" && !is_date_) {
      result = [](double seconds) { return Value::datetime(seconds); };
    } else {
      return false;
    }
    return true;
  }

 private:
  bool is_date_;
};

}  // namespace

Value datetime_module() {
  return Value::dict({{Value("datetime"), Value::object(new MomentClass(false))},
                      {Value("date"), Value::object(new MomentClass(true))},
                      {Value("timedelta"), Value(&make_timedelta)}});
}

}  // namespace detail

Value Value::datetime(double seconds) {
  if (!(std::abs(seconds) < 1e12)) detail::fail("OverflowError", "date value out of range");
  return detail::moment(std::llround(seconds * 1e6));
}

}  // namespace tornado::template_
