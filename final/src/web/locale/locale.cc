// The loaded translations, and the choice of the best locale.
#include <tornado/locale.h>
#include <tornado/log.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <system_error>

#include "base/text/ascii.h"
#include "base/text/charset.h"
#include "base/text/unicode.h"
#include "web/locale/translation_files.h"

namespace tornado::locale {
namespace {

namespace fs = std::filesystem;

// ---- kinds of locales ---------------------------------------------------------------------------

// Translations by the third cell of their row: "singular", "plural" or "unknown".
using CsvTexts = std::map<std::string, Texts, std::less<>>;

class CSVLocale final : public Locale {
 public:
  CSVLocale(std::string locale_code, CsvTexts texts)
      : Locale(std::move(locale_code)), texts_(std::move(texts)) {}

  std::string translate(std::string_view message) const override {
    return find("unknown", message);
  }
  std::string translate(std::string_view message, std::string_view plural_message,
                        std::int64_t count) const override {
    return count == 1 ? find("singular", message) : find("plural", plural_message);
  }
  std::string pgettext(std::string_view context, std::string_view message) const override {
    warn();
    return Locale::pgettext(context, message);
  }
  std::string pgettext(std::string_view context, std::string_view message,
                       std::string_view plural_message, std::int64_t count) const override {
    warn();
    return Locale::pgettext(context, message, plural_message, count);
  }

 private:
  std::string find(std::string_view kind, std::string_view message) const {
    const auto texts = texts_.find(kind);
    if (texts != texts_.end()) {
      const auto found = texts->second.find(message);
      if (found != texts->second.end()) return found->second;
    }
    return std::string(message);
  }
  void warn() const {
    if (!texts_.empty()) log::gen_log.warning("pgettext is not supported by CSVLocale");
  }

  CsvTexts texts_;
};

class GettextLocale final : public Locale {
 public:
  using Catalogs = std::vector<std::shared_ptr<const MoCatalog>>;

  GettextLocale(std::string locale_code, Catalogs catalogs)
      : Locale(std::move(locale_code)), catalogs_(std::move(catalogs)) {}

  std::string translate(std::string_view message) const override {
    return std::string(find(message).value_or(message));
  }
  std::string translate(std::string_view message, std::string_view plural_message,
                        std::int64_t count) const override {
    return std::string(find(message, count).value_or(count == 1 ? message : plural_message));
  }
  std::string pgettext(std::string_view context, std::string_view message) const override {
    return std::string(find(in_context(context, message)).value_or(message));
  }
  std::string pgettext(std::string_view context, std::string_view message,
                       std::string_view plural_message, std::int64_t count) const override {
    if (const auto found = find(in_context(context, message), count)) return std::string(*found);
    return translate(message, plural_message, count);
  }

 private:
  using Found = std::optional<std::string_view>;

  // The notation of .mo files (GNU gettext manual, "Using contexts for solving ambiguities").
  static std::string in_context(std::string_view context, std::string_view message) {
    return std::string(context) + '\x04' + std::string(message);
  }

  Found find(std::string_view message) const {
    for (const auto& catalog : catalogs_) {
      const auto found = catalog->messages.find(message);
      if (found != catalog->messages.end()) return found->second;
    }
    return {};
  }
  Found find(std::string_view message, std::int64_t count) const {
    for (const auto& catalog : catalogs_) {
      if (const Found form = plural_form(*catalog, message, count)) return form;
    }
    return {};
  }
  static Found plural_form(const MoCatalog& catalog, std::string_view message, std::int64_t count) {
    const auto forms = catalog.plurals.find(message);
    if (forms == catalog.plurals.end()) return {};
    const std::int64_t number = catalog.rule(count);
    if (number < 0 || number >= std::ssize(forms->second)) return {};
    return forms->second[static_cast<std::size_t>(number)];
  }

  Catalogs catalogs_;  // its own, and the language's
};

// ---- the loaded translations --------------------------------------------------------------------

using Locales = std::map<std::string, const Locale*, std::less<>>;

class Registry {
 public:
  static Registry& instance() {
    static auto* const registry = new Registry;  // also used while static objects are destroyed
    return *registry;
  }

  void install(std::vector<std::unique_ptr<const Locale>> loaded) {
    const std::lock_guard lock(mutex_);
    loaded_.clear();
    for (auto& locale : loaded) {
      const Locale* const kept = keep(std::move(locale));
      loaded_.emplace(kept->code, kept);
    }
    add_default();
    std::string list;
    for (const auto& [code, locale] : locales_) list += (list.empty() ? "'" : ", '") + code + "'";
    log::gen_log.debug("Supported locales: [" + list + "]");
  }

  void set_default(std::string_view code) {
    const std::lock_guard lock(mutex_);
    default_code_ = code;
    add_default();
  }

  const Locale* find(std::string_view code) {
    const std::lock_guard lock(mutex_);
    const auto found = locales_.find(code);
    return found == locales_.end() ? nullptr : found->second;
  }

  const Locale& default_locale() {
    const std::lock_guard lock(mutex_);
    return *locales_.find(default_code_)->second;
  }

  std::vector<std::string> codes() {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> all;
    for (const auto& [code, locale] : locales_) all.push_back(code);
    return all;
  }

 private:
  Registry() { add_default(); }

  const Locale* keep(std::unique_ptr<const Locale> locale) {
    return kept_.emplace_back(std::move(locale)).get();
  }

  void add_default() {
    locales_ = loaded_;
    if (locales_.contains(default_code_)) return;
    const Locale*& plain = plain_[default_code_];
    if (plain == nullptr) plain = keep(std::make_unique<CSVLocale>(default_code_, CsvTexts()));
    locales_.emplace(default_code_, plain);
  }

  std::mutex mutex_;
  std::string default_code_ = "en_US";
  Locales loaded_;
  Locales plain_;                                    // default locales that need no translations
  Locales locales_;                                  // the supported ones
  std::vector<std::unique_ptr<const Locale>> kept_;  // handlers may have those of earlier loads
};

// ---- files --------------------------------------------------------------------------------------

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (!file.is_open() || file.bad()) {
    throw std::runtime_error("cannot read " + path.string() + ": " +
                             std::generic_category().message(errno));
  }
  return bytes;
}

std::vector<fs::path> entries_of(const std::string& directory) {
  std::error_code problem;
  std::vector<fs::path> paths;
  for (fs::directory_iterator i(directory, problem), end; i != end; i.increment(problem)) {
    paths.push_back(i->path());
    if (problem) break;
  }
  if (problem) throw std::runtime_error("cannot read " + directory + ": " + problem.message());
  std::sort(paths.begin(), paths.end());
  return paths;
}

// "es" or "es_LA".
bool is_locale_code(std::string_view code) {
  const auto all_between = [](std::string_view text, char first, char last) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [=](char c) { return c >= first && c <= last; });
  };
  const std::size_t end = code.find('_');
  return all_between(code.substr(0, end), 'a', 'z') &&
         (end == code.npos || all_between(code.substr(end + 1), 'A', 'Z'));
}

bool begins_with_utf16_mark(std::string_view bytes) {
  return bytes.starts_with("\xff\xfe") || bytes.starts_with("\xfe\xff");
}

CsvTexts read_csv(const fs::path& path, const std::string& encoding) {
  const std::string bytes = read_file(path);
  std::string charset = encoding;
  if (charset.empty()) charset = begins_with_utf16_mark(bytes) ? "utf-16" : "utf-8";
  const auto text = escape::to_utf8(bytes, charset);
  if (!text) throw std::runtime_error(path.string() + " is not in " + charset);
  CsvTexts texts;
  int number = 0;
  for (const auto& row : parse_csv(*text)) {
    ++number;
    if (row.size() < 2) continue;
    const auto cell = [&row](std::size_t i) { return std::string(escape::strip_unicode(row[i])); };
    std::string kind = row.size() > 2 ? cell(2) : std::string();
    if (kind.empty()) kind = "unknown";
    if (kind != "plural" && kind != "singular" && kind != "unknown") {
      log::gen_log.error("Unrecognized plural indicator '" + kind + "' in " +
                         path.filename().string() + " line " + std::to_string(number));
      continue;
    }
    texts[kind][cell(0)] = cell(1);
  }
  return texts;
}

}  // namespace

// ---- interface ----------------------------------------------------------------------------------

const Locale& Locale::get(std::string_view code) {
  const Locale* const found = Registry::instance().find(code);
  if (found == nullptr) throw std::out_of_range("no locale " + std::string(code));
  return *found;
}

const Locale& Locale::get_closest(const std::vector<std::string>& codes) {
  Registry& registry = Registry::instance();
  for (std::string code : codes) {
    std::replace(code.begin(), code.end(), '-', '_');
    const std::size_t end = code.find('_');
    const std::string language = lower_case(code.substr(0, end));
    if (end != code.npos) {
      if (code.find('_', end + 1) != code.npos) continue;
      code = language + "_" + upper_case(code.substr(end + 1));
    }
    for (const std::string& candidate : {code, language}) {
      if (const Locale* const found = registry.find(candidate)) return *found;
    }
  }
  return registry.default_locale();
}

void set_default_locale(std::string_view code) {
  Registry::instance().set_default(code);
}

std::vector<std::string> get_supported_locales() {
  return Registry::instance().codes();
}

void load_translations(const std::string& directory, const std::string& encoding) {
  if (!encoding.empty() && !escape::is_known_charset(encoding)) {
    throw std::invalid_argument("unknown encoding " + encoding);
  }
  std::vector<std::unique_ptr<const Locale>> loaded;
  for (const fs::path& path : entries_of(directory)) {
    if (path.extension() != ".csv") continue;
    const std::string code = path.stem().string();
    if (!is_locale_code(code)) {
      log::gen_log.error("Unrecognized locale '" + code + "' (path: " + path.string() + ")");
      continue;
    }
    loaded.push_back(std::make_unique<CSVLocale>(code, read_csv(path, encoding)));
  }
  Registry::instance().install(std::move(loaded));
}

void load_gettext_translations(const std::string& directory, const std::string& domain) {
  std::map<std::string, std::shared_ptr<const MoCatalog>> catalogs;
  for (const fs::path& folder : entries_of(directory)) {
    const fs::path path = folder / "LC_MESSAGES" / (domain + ".mo");
    const std::string code = folder.filename().string();
    std::error_code ignored;
    if (code.starts_with('.') || !fs::exists(path, ignored)) continue;
    try {
      const auto catalog = std::make_shared<MoCatalog>();
      if (const char* const why = parse_mo(read_file(path), *catalog)) {
        throw std::runtime_error(why + (": " + path.string()));
      }
      catalogs.emplace(code, catalog);
    } catch (const std::runtime_error& error) {
      log::gen_log.error("Cannot load translation for '" + code + "': " + error.what());
    }
  }
  std::vector<std::unique_ptr<const Locale>> loaded;
  for (const auto& [code, catalog] : catalogs) {
    GettextLocale::Catalogs chain;
    chain.push_back(catalog);
    const std::size_t end = code.find('_');
    const auto language = catalogs.find(code.substr(0, end));
    if (end != code.npos && language != catalogs.end()) chain.push_back(language->second);
    loaded.push_back(std::make_unique<GettextLocale>(code, std::move(chain)));
  }
  Registry::instance().install(std::move(loaded));
}

}  // namespace tornado::locale
