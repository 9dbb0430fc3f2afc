// Public header: translations, and the formats of dates, lists and numbers in each language.
// Mirrors tornado.locale.
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

// How format_date() writes a date. The fields are its arguments in Tornado.
struct DateFormat {
  int gmt_offset = 0;              // minutes that the reader's clock is behind GMT: 60 is GMT-1
  bool relative = true;            // "2 minutes ago", "yesterday at 10:15"
  bool shorter = false;            // omits the time of day if a day is shown
  bool full_format = false;        // "July 10, 1980 at 10:15 am", however recent
  std::optional<double> now = {};  // epoch seconds; unset: the clock's
};

// A language, possibly of a certain country. Locales returned by get() live as long as the program;
// loading translations later does not change them. Derive from it to take translations from
// elsewhere.
class Locale {
 public:
  // Returns the loaded locale closest to the first of `codes` that has one: "es-la" gives es_LA if
  // that is loaded, otherwise es. If none has, returns the default locale. Tornado:
  // Locale.get_closest.
  static const Locale& get_closest(const std::vector<std::string>& codes);
  // Returns the locale of exactly this code. Throws std::out_of_range if it is not supported.
  static const Locale& get(std::string_view code);

  Locale(const Locale&) = delete;
  Locale& operator=(const Locale&) = delete;
  virtual ~Locale() = default;

  const std::string code;  // "es_LA"
  const std::string name;  // "Español", from LOCALE_NAMES; "Unknown" if it is not in there
  const bool rtl;          // written from right to left: ar, fa, he

  // Returns the message in this language, or unchanged if it has no translation.
  virtual std::string translate(std::string_view message) const = 0;
  // The same for a message that depends on a number. Without a translation, returns `message` for 1
  // and `plural_message` otherwise.
  virtual std::string translate(std::string_view message, std::string_view plural_message,
                                std::int64_t count) const = 0;
  // The same for a word whose translation depends on its context: ("law", "right"). Only gettext's
  // files support contexts; with CSV files, `context` is ignored and this is logged.
  virtual std::string pgettext(std::string_view context, std::string_view message) const;
  virtual std::string pgettext(std::string_view context, std::string_view message,
                               std::string_view plural_message, std::int64_t count) const;

  // Formats a date, given in epoch seconds or as a time of std::chrono::system_clock. A date less
  // than a minute in the future counts as now; later dates are written in full. Throws
  // std::invalid_argument for dates outside the years 1 to 9999.
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

  // Returns "Monday, January 22", or "January 22" without the day of the week.
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

  // Returns "A, B and C", "A and B", "A" or "".
  std::string list(const std::vector<std::string>& parts) const;
  // Returns "1,234,567" in English, "1234567" in other languages.
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

// Calls Locale::get_closest: locale::get("es-la", "es").
template <class... Codes>
  requires(std::is_convertible_v<const Codes&, std::string_view> && ...)
const Locale& get(const Codes&... codes) {
  return Locale::get_closest({std::string(std::string_view(codes))...});
}

// Sets the language of the messages in the program, which need no translation. It is also the
// result of get() if nothing fits. Initially "en_US".
void set_default_locale(std::string_view code);

// Loads every LOCALE.csv of a folder, replacing all translations loaded before. A row is a message,
// its translation and, for messages with a number, "singular" or "plural". Rows with fewer than two
// cells are skipped; invalid files and rows are skipped and logged as errors. `encoding` is any
// that iconv supports; empty: UTF-16 if the file begins with its byte-order mark, otherwise UTF-8.
//
// Throws std::runtime_error, with the file's name, if a file or the folder cannot be read or is not
// in that encoding, and std::invalid_argument for an unknown encoding. The previous translations
// then stay.
void load_translations(const std::string& directory, const std::string& encoding = {});

// Loads DIRECTORY/LOCALE/LC_MESSAGES/DOMAIN.mo of every locale, as written by msgfmt, replacing all
// translations loaded before. A damaged file is skipped and logged as an error. A message that
// xx_YY does not translate is taken from xx, if that exists.
void load_gettext_translations(const std::string& directory, const std::string& domain);

// Returns the codes of the loaded locales and of the default locale, sorted.
std::vector<std::string> get_supported_locales();

// Inserts values for names: "%(name)s liked this". "%%" is "%". A name without a value stays as it
// is, so that a translator's mistake does not break the page. Python: %.
std::string format(std::string_view text,
                   std::initializer_list<std::pair<std::string_view, std::string_view>> values);

// The names of a language.
struct LocaleName {
  std::string_view code;     // "de_DE"
  std::string_view name_en;  // "German"
  std::string_view name;     // "Deutsch"
};
// Sorted by code.
extern const std::array<LocaleName, 62> LOCALE_NAMES;

}  // namespace tornado::locale
