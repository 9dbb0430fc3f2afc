// Translation files: .mo catalogs, the plural rules in them, and CSV.
#include "check.h"
#include "web/locale/translation_files.h"

using namespace tornado;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(data, size);
  locale::MoCatalog catalog;
  if (locale::parse_mo(text, catalog) == nullptr) {
    for (const auto& [message, forms] : catalog.plurals) FUZZ_CHECK(!forms.empty());
    static_cast<void>(catalog.rule(3));
  }
  locale::PluralRule rule;
  if (rule.parse(text) == nullptr) {
    for (const std::int64_t n : {INT64_MIN, std::int64_t{0}, INT64_MAX}) static_cast<void>(rule(n));
  }
  std::size_t bytes = 0;
  for (const auto& row : locale::parse_csv(text)) {
    for (const auto& cell : row) bytes += cell.size();
  }
  FUZZ_CHECK(bytes <= text.size());
  return 0;
}
