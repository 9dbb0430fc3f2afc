#include "web/page/locale.h"

#include <tornado/locale.h>

#include <string>
#include <vector>

#include "web/page/table_object.h"
#include "web/template/arguments.h"
#include "web/template/datetime.h"

namespace tornado::web::detail {
namespace {

using template_::Arguments;
using template_::RenderError;
using template_::Value;
using template_::detail::DatetimeObject;
using template_::detail::Parameters;
using tornado::locale::DateFormat;
using tornado::locale::Locale;

// A message with a plural needs a count.
std::int64_t count_of(const Parameters& given, std::size_t index) {
  const Value* count = given.find(index, "count");
  if (count == nullptr) throw RenderError("AssertionError", "a plural message needs a count");
  return count->get<std::int64_t>();
}

// translate(message, plural_message=None, count=None)
Value translate(const Locale& locale, const Arguments& arguments) {
  const Parameters given(arguments, "translate", 3);
  const std::string_view message = given.text(0, "message");
  const Value* plural = given.find(1, "plural_message");
  if (plural == nullptr || plural->is_none()) return locale.translate(message);
  return locale.translate(message, plural->get<std::string_view>(), count_of(given, 2));
}

// pgettext(context, message, plural_message=None, count=None)
Value pgettext(const Locale& locale, const Arguments& arguments) {
  const Parameters given(arguments, "pgettext", 4);
  const std::string_view context = given.text(0, "context");
  const std::string_view message = given.text(1, "message");
  const Value* plural = given.find(2, "plural_message");
  if (plural == nullptr || plural->is_none()) return locale.pgettext(context, message);
  return locale.pgettext(context, message, plural->get<std::string_view>(), count_of(given, 3));
}

// Takes a datetime, or epoch seconds.
double seconds_of(const Value& date) {
  if (date.type_name() != "datetime.datetime") return date.get<double>();
  return static_cast<double>(static_cast<const DatetimeObject*>(date.body())->microseconds()) / 1e6;
}

// format_date(date, gmt_offset=0, relative=True, shorter=False, full_format=False)
Value format_date(const Locale& locale, const Arguments& arguments) {
  const Parameters given(arguments, "format_date", 5);
  DateFormat format;
  format.gmt_offset = static_cast<int>(given.integer_or(1, 0, "gmt_offset"));
  format.relative = given.flag_or(2, true, "relative");
  format.shorter = given.flag_or(3, false, "shorter");
  format.full_format = given.flag_or(4, false, "full_format");
  return locale.format_date(seconds_of(given.at(0, "date")), format);
}

// format_day(date, gmt_offset=0, dow=True)
Value format_day(const Locale& locale, const Arguments& arguments) {
  const Parameters given(arguments, "format_day", 3);
  const auto offset = static_cast<int>(given.integer_or(1, 0, "gmt_offset"));
  return locale.format_day(seconds_of(given.at(0, "date")), offset, given.flag_or(2, true, "dow"));
}

Value list(const Locale& locale, const Arguments& arguments) {
  return locale.list(
      Parameters(arguments, "list", 1).at(0, "parts").get<std::vector<std::string>>());
}

Value friendly_number(const Locale& locale, const Arguments& arguments) {
  return locale.friendly_number(
      Parameters(arguments, "friendly_number", 1).at(0, "value").get<std::int64_t>());
}

using LocaleMethod = Value (*)(const Locale&, const Arguments&);

template <LocaleMethod kMethod>
Value bound_to_locale(RequestHandler& handler) {
  return [&handler](const Arguments& arguments) { return kMethod(handler.locale(), arguments); };
}

constexpr AttributeEntry<RequestHandler> kLocaleAttributes[] = {
    {"code", [](RequestHandler& handler) { return Value(handler.locale().code); }},
    {"format_date", bound_to_locale<format_date>},
    {"format_day", bound_to_locale<format_day>},
    {"friendly_number", bound_to_locale<friendly_number>},
    {"list", bound_to_locale<list>},
    {"name", [](RequestHandler& handler) { return Value(handler.locale().name); }},
    {"pgettext", bound_to_locale<pgettext>},
    {"rtl", [](RequestHandler& handler) { return Value(handler.locale().rtl); }},
    {"translate", bound_to_locale<translate>}};

}  // namespace

Value locale_value(RequestHandler& handler) {
  return Value::object(new TableObject("Locale", kLocaleAttributes, handler));
}

Value translate_function(RequestHandler& handler) {
  return bound_to_locale<translate>(handler);
}

Value pgettext_function(RequestHandler& handler) {
  return bound_to_locale<pgettext>(handler);
}

}  // namespace tornado::web::detail
