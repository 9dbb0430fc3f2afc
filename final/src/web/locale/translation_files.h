// Internal header: what translation files hold, as pure functions.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "web/locale/plural_rule.h"

namespace tornado::locale {

using Texts = std::map<std::string, std::string, std::less<>>;

// Rows of cells (RFC 4180, and what Python's csv module takes beyond it): line ends are LF, CR LF
// or CR; an empty line is a row without cells; a quote that nobody closes lasts to the end.
std::vector<std::vector<std::string>> parse_csv(std::string_view text);

// What a gettext .mo file holds, in UTF-8.
struct MoCatalog {
  Texts messages;
  std::map<std::string, std::vector<std::string>, std::less<>> plurals;  // forms, by the singular
  PluralRule rule;
};

// Reads a .mo file of either byte order (GNU gettext manual, "The Format of GNU MO Files"). Returns
// nullptr, or why it is refused (static text); `catalog` may then hold a part of it. Time and
// memory are linear in the file's size.
[[nodiscard]] const char* parse_mo(std::string_view bytes, MoCatalog& catalog);

}  // namespace tornado::locale
