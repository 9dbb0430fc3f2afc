// The choice of a handler's language.
#include <tornado/locale.h>
#include <tornado/web.h>

#include <algorithm>
#include <charconv>

#include "base/text/unicode.h"
#include "web/handler/session_state.h"

namespace tornado::web {
namespace {

struct Wanted {
  std::string code;
  double weight = 1;
  std::size_t place = 0;  // in the field
};

// "es;q=0.5". An invalid or negative weight counts as 0.
Wanted parse_language(std::string_view language) {
  const std::size_t end = std::min(language.find(';'), language.size());
  Wanted wanted{std::string(escape::strip_unicode(language.substr(0, end)))};
  std::string_view parameter = language.substr(std::min(end + 1, language.size()));
  parameter = escape::strip_unicode(parameter.substr(0, parameter.find(';')));
  if (!parameter.starts_with("q=")) return wanted;
  parameter = escape::strip_unicode(parameter.substr(2));
  const char* const last = parameter.data() + parameter.size();
  const auto [after, problem] = std::from_chars(parameter.data(), last, wanted.weight);
  if (problem != std::errc() || after != last || !(wanted.weight > 0)) wanted.weight = 0;
  return wanted;
}

}  // namespace

const tornado::locale::Locale& RequestHandler::locale() {
  if (session_state().locale == nullptr) {
    const tornado::locale::Locale* const chosen = get_user_locale();
    session_state().locale = chosen != nullptr ? chosen : &get_browser_locale();
  }
  return *session_state().locale;
}

void RequestHandler::set_locale(const tornado::locale::Locale& locale) {
  session_state().locale = &locale;
}

const tornado::locale::Locale* RequestHandler::get_user_locale() {
  return nullptr;
}

const tornado::locale::Locale& RequestHandler::get_browser_locale(std::string_view fallback) const {
  std::vector<Wanted> languages;
  const std::string field = request.headers.get("Accept-Language");
  std::string_view rest = field;
  while (!rest.empty()) {
    const std::string_view language = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(language.size() + 1, rest.size()));
    Wanted wanted = parse_language(language);
    wanted.place = languages.size();
    if (wanted.weight > 0) languages.push_back(std::move(wanted));
  }
  // Among equals, the first in the field wins.
  std::sort(languages.begin(), languages.end(), [](const Wanted& left, const Wanted& right) {
    return left.weight != right.weight ? left.weight > right.weight : left.place < right.place;
  });
  std::vector<std::string> codes;
  for (Wanted& language : languages) codes.push_back(std::move(language.code));
  if (codes.empty()) codes.emplace_back(fallback);
  return tornado::locale::Locale::get_closest(codes);
}

}  // namespace tornado::web
