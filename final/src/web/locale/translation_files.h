// Internal header: parsers for translation files, as pure functions.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "web/locale/plural_rule.h"

namespace tornado::locale {

using Texts = std::map<std::string, std::string, std::less<>>;

// Parses rows of cells (RFC 4180, with the extensions of Python's csv module): line ends are LF, CR
// LF or CR; an empty line is a row without cells; an unclosed quote extends to the end.
std::vector<std::vector<std::string>> parse_csv(std::string_view text);

// The contents of a gettext .mo file, in UTF-8.
struct MoCatalog {
  Texts messages;
  std::map<std::string, std::vector<std::string>, std::less<>> plurals;  // forms, by the singular
  PluralRule rule;
};

// Parses a .mo file of either byte order (GNU gettext manual, "The Format of GNU MO Files").
// Returns nullptr, or why the file is refused (static text); `catalog` may then hold part of it.
// Linear in the file's size, in time and memory.
[[nodiscard]] const char* parse_mo(std::string_view bytes, MoCatalog& catalog);

}  // namespace tornado::locale
