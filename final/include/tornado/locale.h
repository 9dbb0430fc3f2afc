// Public header: translations, and how languages write dates, lists and numbers. Mirrors
// tornado.locale.
//
//   locale::load_translations("locale");                  // es.csv, pt_BR.csv ...
//   const locale::Locale& spanish = locale::get("es_LA");
//   spanish.translate("Sign out");                         // "Salir"
//   const std::string text = spanish.translate("%(list)s is online", "%(list)s are online", 2);
//   locale::format(text, {{"list", spanish.list({"Ann", "Bo"})}});
//
// All functions may be called from any thread. Texts are UTF-8.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace tornado::locale {

// How format_date() writes a date; the fields are the arguments it has in Tornado.
struct DateFormat {
  int gmt_offset = 0;              // minutes that the reader's clock is behind GMT: 60 is GMT-1
  bool relative = true;            // "2 minutes ago", "yesterday at 10:15"
  bool shorter = false;            // without the time of day, where there is a day
  bool full_format = false;        // "July 10, 1980 at 10:15 am", whenever it was
  std::optional<double> now = {};  // epoch seconds; unset: the clock's
};

// A language, as in a certain country. Those that get() gives live as long as the program; what is
// loaded later does not change them. Derive from it for translations that come from elsewhere.
class Locale {
 public:
  // The loaded locale that is closest to the first of `codes` that has one: "es-la" is es_LA if
  // that is loaded, else es. If none has: the default locale. Tornado: Locale.get_closest.
  static const Locale& get_closest(const std::vector<std::string>& codes);
  // The locale of exactly this code. Throws std::out_of_range if it is not supported.
  static const Locale& get(std::string_view code);

  Locale(const Locale&) = delete;
  Locale& operator=(const Locale&) = delete;
  virtual ~Locale() = default;

  const std::string code;  // "es_LA"
  const std::string name;  // "Español", from LOCALE_NAMES; "Unknown" if it is not there
  const bool rtl;          // written from right to left: ar, fa, he

  // The message in this language, or as it is if there is no translation.
  virtual std::string translate(std::string_view message) const = 0;
  // The same of a message that depends on a number. Without a translation, `message` for 1 and
  // `plural_message` for others.
  virtual std::string translate(std::string_view message, std::string_view plural_message,
                                std::int64_t count) const = 0;
  // The same of a word that needs its context to be translated: ("law", "right"). Only gettext's
  // files know contexts; with CSV files it is logged, and `context` does not count.
  virtual std::string pgettext(std::string_view context, std::string_view message) const;
  virtual std::string pgettext(std::string_view context, std::string_view message,
                               std::string_view plural_message, std::int64_t count) const;

  // A date in epoch seconds, or as a time of std::chrono::system_clock. Less than a minute ahead
  // counts as now, later dates are written in full. Throws std::invalid_argument for what is not in
  // the years 1 to 9999.
  std::string format_date(double date, const DateFormat& format = {}) const;
  template <class N>
    requires std::is_integral_v<N>
  std::string format_date(N date, const DateFormat& format = {}) const {
    return format_date(static_cast<double>(date), format);
  }
  template <class Time>
    requires requires(const Time& time) { Time::clock::to_time_t(time); }
  std::string format_date(const Time& date, const DateFormat& format = {}) const {
    return format_date(seconds_of(date), format);
  }

  // "Monday, January 22", or without the day of the week "January 22".
  std::string format_day(double date, int gmt_offset = 0, bool dow = true) const;
  template <class N>
    requires std::is_integral_v<N>
  std::string format_day(N date, int gmt_offset = 0, bool dow = true) const {
    return format_day(static_cast<double>(date), gmt_offset, dow);
  }
  template <class Time>
    requires requires(const Time& time) { Time::clock::to_time_t(time); }
  std::string format_day(const Time& date, int gmt_offset = 0, bool dow = true) const {
    return format_day(seconds_of(date), gmt_offset, dow);
  }

  // "A, B and C", "A and B", "A" or "".
  std::string list(const std::vector<std::string>& parts) const;
  // "1,234,567" in English, "1234567" elsewhere.
  std::string friendly_number(std::int64_t value) const;

 protected:
  explicit Locale(std::string locale_code);

 private:
  template <class Time>
  static double seconds_of(const Time& time) {
    return static_cast<double>(time.time_since_epoch().count()) *
           static_cast<double>(Time::period::num) / static_cast<double>(Time::period::den);
  }
};

// Locale::get_closest: locale::get("es-la", "es").
template <class... Codes>
  requires(std::is_convertible_v<const Codes&, std::string_view> && ...)
const Locale& get(const Codes&... codes) {
  return Locale::get_closest({std::string(std::string_view(codes))...});
}

// The language of the messages in the program, which need no translation, and what get() gives
// where nothing fits; "en_US" at first.
void set_default_locale(std::string_view code);

// Loads every LOCALE.csv of a folder, in place of what was loaded before. A row is a message, its
// translation, and for messages with a number "singular" or "plural". Rows with less than two cells
// are left out; a file or a row that makes no sense is logged as an error and left out. `encoding`
// is any that iconv knows; empty: UTF-16 if the file begins with its byte-order mark, else UTF-8.
//
// Throws std::runtime_error, with the file's name, if a file or the folder cannot be read or is not
// in that encoding, std::invalid_argument for an unknown encoding; what was loaded before then
// stays.
void load_translations(const std::string& directory, const std::string& encoding = {});

// Loads DIRECTORY/LOCALE/LC_MESSAGES/DOMAIN.mo of every locale, as msgfmt writes them, in place of
// what was loaded before. A file that is damaged is logged as an error and left out. What xx_YY
// does not translate, xx does, if there is one.
void load_gettext_translations(const std::string& directory, const std::string& domain);

// The codes of what is loaded, and of the default locale, in order.
std::vector<std::string> get_supported_locales();

// Puts values in place of names: "%(name)s liked this". "%%" is "%"; a name that is not given stays
// as it is, because a mistake of a translator should not cost the page. Python: %.
std::string format(std::string_view text,
                   std::initializer_list<std::pair<std::string_view, std::string_view>> values);

// What languages are called.
struct LocaleName {
  std::string_view code;     // "de_DE"
  std::string_view name_en;  // "German"
  std::string_view name;     // "Deutsch"
};
// In order of their codes.
extern const std::array<LocaleName, 62> LOCALE_NAMES;

}  // namespace tornado::locale
