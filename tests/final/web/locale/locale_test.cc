#include <tornado/json.h>
#include <tornado/locale.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "../../base/temporary_folder.h"
#include "../web_test_tools.h"
#include "web/locale/translation_files.h"

namespace tornado::locale {
namespace {

namespace fs = std::filesystem;
using web::exactly;
using web::ExpectLog;

constexpr double kNow = 1795253415.25;  // make_locale_vectors.py's

std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

// Each test begins with nothing loaded.
class LocaleTest : public ::testing::Test {
 protected:
  LocaleTest() { forget(); }
  ~LocaleTest() override { forget(); }

  void forget() {
    const testing::TemporaryFolder nothing;
    set_default_locale("en_US");
    load_translations(nothing.path());
  }
  void write_file(const std::string& name, const std::string& bytes) const {
    const fs::path path = fs::path(folder_.path()) / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
  }
  std::string folder(const std::string& name = {}) const {
    return (fs::path(folder_.path()) / name).string();
  }

  // Python's results for one function.
  static std::vector<json> vectors_for(const std::string& function) {
    std::ifstream file(TORNADO_LOCALE_VECTORS);
    std::vector<json> found;
    for (std::string line; std::getline(file, line);) {
      if (line.starts_with("{\"f\":\"" + function + '"')) found.push_back(json::parse(line));
    }
    EXPECT_GT(found.size(), 10U) << function;
    return found;
  }

  // Loads the translations for the vector, and returns its locale.
  const Locale& locale_of(const json& vector) {
    const auto name = vector.at("from").get<std::string>();
    const auto code = vector.at("code").get<std::string>();
    if (name == "nothing") {
      set_default_locale(code);
    } else if (name != loaded_) {
      load(name);
    }
    return Locale::get(code);
  }
  void load(const std::string& name) {
    for (const json& file : vectors_for("file")) {
      write_file(file.at("path").get<std::string>(), from_hex(file.at("hex").get<std::string>()));
    }
    loaded_ = name;
    if (name == "mo") {
      load_gettext_translations(folder("mo"), "app");
    } else {
      load_translations(folder(name));
    }
  }

 private:
  testing::TemporaryFolder folder_;
  std::string loaded_;
  ExpectLog others_{log::gen_log, "", false};  // not written, unless a test expects it
};

// ---- compared with Python's Tornado -------------------------------------------------------------

// LO-05
TEST_F(LocaleTest, dates_are_written_as_Python_writes_them) {
  for (const json& vector : vectors_for("format_date")) {
    DateFormat style;
    style.gmt_offset = vector.at("gmt_offset").get<int>();
    style.relative = vector.at("relative").get<bool>();
    style.shorter = vector.at("shorter").get<bool>();
    style.full_format = vector.at("full_format").get<bool>();
    style.now = kNow;
    ASSERT_EQ(locale_of(vector).format_date(vector.at("date").get<double>(), style),
              vector.at("out").get<std::string>())
        << vector;
  }
}

// LO-05
TEST_F(LocaleTest, days_lists_and_numbers_are_written_as_Python_writes_them) {
  for (const json& vector : vectors_for("format_day")) {
    ASSERT_EQ(locale_of(vector).format_day(vector.at("date").get<double>(),
                                           vector.at("gmt_offset").get<int>(),
                                           vector.at("dow").get<bool>()),
              vector.at("out").get<std::string>())
        << vector;
  }
  for (const json& vector : vectors_for("list")) {
    const auto parts = vector.at("parts").get<std::vector<std::string>>();
    ASSERT_EQ(locale_of(vector).list(parts), vector.at("out").get<std::string>()) << vector;
  }
  for (const json& vector : vectors_for("friendly_number")) {
    ASSERT_EQ(locale_of(vector).friendly_number(vector.at("number").get<std::int64_t>()),
              vector.at("out").get<std::string>())
        << vector;
  }
}

// LO-06
TEST_F(LocaleTest, names_and_directions_are_Pythons) {
  for (const json& vector : vectors_for("names")) {
    const Locale& locale = locale_of(vector);
    EXPECT_EQ(json::array({locale.name, locale.rtl}), vector.at("out")) << vector;
  }
  EXPECT_EQ(LOCALE_NAMES.size(), 62U);
  EXPECT_EQ(LOCALE_NAMES.front().code, "af_ZA");
  EXPECT_EQ(LOCALE_NAMES.back().name_en, "Chinese (Traditional)");
}

// LO-01, LO-02, LO-04
TEST_F(LocaleTest, messages_are_translated_as_Python_translates_them) {
  const ExpectLog expected(log::gen_log, exactly("pgettext is not supported by CSVLocale"));
  for (const char* const function : {"translate", "pgettext"}) {
    for (const json& vector : vectors_for(function)) {
      const Locale& locale = locale_of(vector);
      const auto message = vector.at("message").get<std::string>();
      const auto context = vector.value("context", "");
      std::string got;
      if (vector.at("plural").is_null()) {
        got = vector.contains("context") ? locale.pgettext(context, message)
                                         : locale.translate(message);
      } else {
        const auto plural = vector.at("plural").get<std::string>();
        const auto count = vector.at("count").get<std::int64_t>();
        got = vector.contains("context") ? locale.pgettext(context, message, plural, count)
                                         : locale.translate(message, plural, count);
      }
      ASSERT_EQ(got, vector.at("out").get<std::string>()) << vector;
    }
  }
}

// LO-02
TEST_F(LocaleTest, plural_rules_count_as_Pythons) {
  for (const json& vector : vectors_for("plural")) {
    PluralRule rule;
    const char* const why = rule.parse(vector.at("rule").get<std::string>());
    EXPECT_EQ(why != nullptr, vector.at("out").is_null()) << vector;
    if (why != nullptr) continue;
    std::vector<std::int64_t> got;
    for (const auto& count : vector.at("counts")) got.push_back(rule(count.get<std::int64_t>()));
    EXPECT_EQ(json(got), vector.at("out")) << vector;
  }
}

// LO-03
TEST_F(LocaleTest, the_closest_locale_is_Pythons) {
  load("csv");
  for (const json& vector : vectors_for("get")) {
    const auto codes = vector.at("codes").get<std::vector<std::string>>();
    EXPECT_EQ(Locale::get_closest(codes).code, vector.at("out").get<std::string>()) << vector;
  }
}

// ---- not shown by Python ------------------------------------------------------------------------

// LO-05
TEST_F(LocaleTest, a_date_may_be_a_number_or_a_time_and_now_is_the_clocks) {
  const Locale& locale = get("en_US");
  const auto now = std::chrono::system_clock::now();
  EXPECT_EQ(locale.format_date(now - std::chrono::hours(3)), "3 hours ago");
  EXPECT_EQ(locale.format_date(std::chrono::system_clock::to_time_t(now) - 120), "2 minutes ago");
  EXPECT_EQ(locale.format_date(332035200, {.full_format = true}), "July 10, 1980 at 12:00 am");
  EXPECT_EQ(locale.format_day(332035200, 0, false), "July 10");
  EXPECT_EQ(locale.format_day(std::chrono::system_clock::time_point()), "Thursday, January 1");
}

// LO-05
TEST_F(LocaleTest, only_the_next_minute_counts_as_now) {
  const Locale& locale = get("en_US");
  EXPECT_EQ(locale.format_date(kNow + 59, {.now = kNow}), "0 seconds ago");
  // Tornado looks at the seconds only, and takes tomorrow for now.
  EXPECT_EQ(locale.format_date(kNow + 86400 + 30, {.now = kNow}), "November 22, 2026 at 9:30 am");
}

// LO-05
TEST_F(LocaleTest, a_date_of_no_year_is_refused) {
  const Locale& locale = get("en_US");
  for (const double date : {-1e18, 1e18, 253402300800.0, std::nan(""), HUGE_VAL}) {
    EXPECT_THROW(locale.format_date(date), std::invalid_argument);
    EXPECT_THROW(locale.format_day(date), std::invalid_argument);
    EXPECT_THROW(locale.format_date(0, {.now = date}), std::invalid_argument);
  }
  EXPECT_EQ(locale.format_date(253402300799), "December 31, 9999 at 11:59 pm");
  EXPECT_EQ(locale.format_date(-62135596800), "January 1, 1 at 12:00 am");
  EXPECT_EQ(locale.format_date(-62135596800, {.gmt_offset = 60}), "December 31, 0 at 11:00 pm");
}

// LO-05
TEST_F(LocaleTest, a_negative_number_has_no_comma_after_its_sign) {
  EXPECT_EQ(get("en_US").friendly_number(-123456), "-123,456");  // Tornado: "-,123,456"
  EXPECT_EQ(get("en_US").friendly_number(INT64_MIN), "-9,223,372,036,854,775,808");
}

// LO-04
TEST_F(LocaleTest, names_in_a_message_are_filled_in) {
  EXPECT_EQ(format("%(a)s and %(b)d", {{"a", "1"}, {"b", "%(a)s"}}), "1 and %(a)s");
  EXPECT_EQ(format("100%% of %(n)s", {{"n", "it"}}), "100% of it");
  EXPECT_EQ(format("%(unknown)s %(a)x %(a %", {{"a", "1"}}), "%(unknown)s %(a)x %(a %");
  EXPECT_EQ(format("", {}), "");
  EXPECT_EQ(format("%()s", {{"", "x"}}), "x");
}

// LO-01
TEST_F(LocaleTest, each_file_is_read_in_its_own_encoding) {
  write_file("es.csv", "a,b\n");
  write_file("fr.csv", std::string("\xff\xfe\x61\0\x2c\0\xe9\0", 8));
  write_file("it.csv", std::string("\xfe\xff\0\x61\0\x2c\0\xe8", 8));
  const ExpectLog expected(log::gen_log, exactly("Supported locales: ['en_US', 'es', 'fr', 'it']"),
                           true, log::Level::kDebug);
  load_translations(folder());
  EXPECT_EQ(get("es").translate("a"), "b");
  EXPECT_EQ(get("fr").translate("a"), "é");
  EXPECT_EQ(get("it").translate("a"), "è");
  EXPECT_EQ(get_supported_locales(), (std::vector<std::string>{"en_US", "es", "fr", "it"}));
}

// LO-01
TEST_F(LocaleTest, an_encoding_may_be_given) {
  write_file("es.csv", "a,\xe9\n");
  EXPECT_THROW(load_translations(folder(), "martian"), std::invalid_argument);
  load_translations(folder(), "iso-8859-1");
  EXPECT_EQ(get("es").translate("a"), "é");
  write_file("es.csv",
             "\xef\xbb\xbf"
             "a,b\n");
  load_translations(folder(), "utf-8-sig");
  EXPECT_EQ(get("es").translate("a"), "b");
}

// LO-01
TEST_F(LocaleTest, what_makes_no_sense_is_logged_and_left_out) {
  write_file("es.csv", "a,b,many\n\nc,d\n");
  write_file("ES.csv", "a,b\n");
  write_file("es_la.csv", "a,b\n");
  write_file("es.old.csv", "a,b\n");
  write_file("readme.txt", "a,b\n");
  const ExpectLog plural(log::gen_log,
                         exactly("Unrecognized plural indicator 'many' in es.csv line 1"));
  const ExpectLog upper(log::gen_log,
                        exactly("Unrecognized locale 'ES' (path: " + folder("ES.csv") + ")"));
  const ExpectLog old(log::gen_log,
                      exactly("Unrecognized locale 'es.old' (path: " + folder("es.old.csv") + ")"));
  load_translations(folder());
  EXPECT_EQ(get("es").translate("a"), "a");
  EXPECT_EQ(get("es").translate("c"), "d");
  EXPECT_EQ(get_supported_locales(), (std::vector<std::string>{"en_US", "es"}));
}

// LO-01
TEST_F(LocaleTest, a_load_that_fails_changes_nothing) {
  write_file("good/es.csv", "a,b\n");
  write_file("bad/es.csv", "a,c\n");
  write_file("bad/fr.csv", "a,\xff\n");
  load_translations(folder("good"));
  try {
    load_translations(folder("bad"));
    ADD_FAILURE();
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(error.what(), folder("bad/fr.csv") + " is not in utf-8");
  }
  EXPECT_THROW(load_translations(folder("nowhere")), std::runtime_error);
  fs::create_directories(folder("odd/es.csv"));
  EXPECT_THROW(load_translations(folder("odd")), std::runtime_error);
  EXPECT_EQ(get("es").translate("a"), "b");
}

// LO-03
TEST_F(LocaleTest, a_locale_outlives_the_next_load) {
  write_file("es.csv", "a,b\n");
  load_translations(folder());
  const Locale& first = get("es");
  write_file("es.csv", "a,c\n");
  load_translations(folder());
  EXPECT_EQ(first.translate("a"), "b");
  EXPECT_EQ(get("es").translate("a"), "c");
}

// LO-03
TEST_F(LocaleTest, the_default_locale_can_be_another_one) {
  EXPECT_THROW(Locale::get("de_DE"), std::out_of_range);
  set_default_locale("de_DE");
  EXPECT_EQ(get("xx").name, "Deutsch");
  EXPECT_EQ(get_supported_locales(), std::vector<std::string>{"de_DE"});
  EXPECT_EQ(&get(), &Locale::get("de_DE"));
}

// LO-03
TEST_F(LocaleTest, threads_may_look_while_another_one_loads) {
  write_file("es.csv", "a,b\n");
  load_translations(folder());
  std::thread reader([] {
    for (int i = 0; i < 200; ++i) EXPECT_EQ(get("es-mx").translate("a"), "b");
  });
  for (int i = 0; i < 20; ++i) load_translations(folder());
  reader.join();
}

// ---- .mo files ----------------------------------------------------------------------------------

std::string russian_file() {
  std::ifstream file(TORNADO_LOCALE_VECTORS);
  for (std::string line; std::getline(file, line);) {
    if (line.find("mo/ru/LC_MESSAGES") == line.npos) continue;
    return from_hex(json::parse(line).at("hex").get<std::string>());
  }
  return {};
}

// LO-02
TEST_F(LocaleTest, a_damaged_file_is_logged_and_the_others_count) {
  const std::string whole = russian_file();
  write_file("ru/LC_MESSAGES/app.mo", whole);
  write_file("uk/LC_MESSAGES/app.mo", whole.substr(0, whole.size() / 2));
  write_file("be/LC_MESSAGES/app.mo", "not a catalog");
  write_file("bg/LC_MESSAGES/other.mo", whole);
  const ExpectLog cut(log::gen_log, exactly("Cannot load translation for 'uk': File is corrupt: " +
                                            folder("uk/LC_MESSAGES/app.mo")));
  const ExpectLog other(log::gen_log,
                        exactly("Cannot load translation for 'be': Bad magic number: " +
                                folder("be/LC_MESSAGES/app.mo")));
  load_gettext_translations(folder(), "app");
  EXPECT_EQ(get_supported_locales(), (std::vector<std::string>{"en_US", "ru"}));
}

// LO-02
TEST_F(LocaleTest, no_byte_of_a_file_can_do_harm) {
  const std::string whole = russian_file();
  ASSERT_GT(whole.size(), 500U);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    MoCatalog catalog;
    EXPECT_NE(parse_mo(std::string_view(whole).substr(0, size), catalog), nullptr) << size;
  }
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const char c : {'\0', '\xff', '(', '9'}) {
      std::string changed = whole;
      changed[i] = c;
      MoCatalog catalog;
      if (parse_mo(changed, catalog) == nullptr) catalog.rule(7);
    }
  }
}

// A file whose strings are all the same bytes, as many times as its table has room for.
// LO-02
TEST_F(LocaleTest, a_small_file_cannot_fill_the_memory) {
  std::string file;
  const auto put = [&file](std::uint32_t number) {
    for (int shift = 0; shift < 32; shift += 8) file.push_back(static_cast<char>(number >> shift));
  };
  constexpr std::uint32_t kCount = 10000;
  for (const std::uint32_t number : {0x950412deU, 0U, kCount, 20U, 20U}) put(number);
  for (std::uint32_t i = 0; i < kCount; ++i) {
    put(50000);
    put(20 + 8 * kCount);
  }
  file.append(50000, 'a').push_back('\0');
  MoCatalog catalog;
  EXPECT_STREQ(parse_mo(file, catalog), "File is corrupt");
  EXPECT_LT(catalog.messages.size(), 20U);
}

// LO-02
TEST_F(LocaleTest, plural_rules_do_not_fail_on_any_number) {
  for (const char* const text :
       {"n/0", "n%0", "n/(n-n)", "n*n*n*n", "n/(0-1)", "n%(0-1)", "n?n:n"}) {
    PluralRule rule;
    ASSERT_EQ(rule.parse(text), nullptr) << text;
    for (const std::int64_t n : {INT64_MIN, INT64_MAX, std::int64_t{0}, std::int64_t{-1}}) rule(n);
  }
  PluralRule rule;
  EXPECT_STREQ(rule.parse("99999999999999999999"), "a number too large in plural form");
  EXPECT_EQ(rule(1), 0) << "what is refused changes nothing";
  ASSERT_EQ(rule.parse("n/0"), nullptr);
  EXPECT_EQ(rule(5), 0);
  ASSERT_EQ(rule.parse("!n==1"), nullptr);
  EXPECT_EQ(rule(0), 1) << "C's order; Python's is another one";
}

// ---- handlers -----------------------------------------------------------------------------------

struct LocaleHandler : web::RequestHandler {
  const Locale* get_user_locale() override {
    const std::string chosen = get_argument("hl", "");
    return chosen.empty() ? nullptr : &locale::get(chosen);
  }
  void get() { write(locale().code + " " + locale().translate("Sign out")); }
};

struct PlainHandler : web::RequestHandler {
  void get() {
    if (!get_argument("set", "").empty()) set_locale(locale::get("es"));
    write(locale().code);
  }
  void post() { write(get_browser_locale("es-MX").code); }
};

class HandlerLocale : public LocaleTest {
 protected:
  HandlerLocale() { load("csv"); }

  std::string ask(const std::string& method, const std::string& uri, const std::string& languages) {
    httputil::HTTPHeaders headers;
    if (!languages.empty()) headers.set("Accept-Language", languages);
    return web::Exchange(app_, method, uri, std::move(headers))->body;
  }
  web::Application app_{{web::url<LocaleHandler>("/user"), web::url<PlainHandler>("/")}};
};

// WH-33
TEST_F(HandlerLocale, the_browsers_languages_are_weighed_as_Python_weighs_them) {
  for (const json& vector : vectors_for("get_browser_locale")) {
    EXPECT_EQ(ask("GET", "/", vector.at("field").get<std::string>()),
              vector.at("out").get<std::string>())
        << vector;
  }
}

// WH-33
TEST_F(HandlerLocale, what_the_user_has_chosen_comes_first) {
  EXPECT_EQ(ask("GET", "/user?hl=es-la", "de-DE"), "es_LA Cerrar sesión");
  EXPECT_EQ(ask("GET", "/user", "es"), "es Salir");
  EXPECT_EQ(ask("GET", "/user?hl=xx", "es"), "en_US Sign out");
}

// WH-33
TEST_F(HandlerLocale, it_can_be_set_and_has_a_default) {
  EXPECT_EQ(ask("GET", "/?set=1", "de-DE"), "es");
  EXPECT_EQ(ask("POST", "/", ""), "es");
  EXPECT_EQ(ask("POST", "/", "es;q=0"), "es");
  EXPECT_EQ(ask("POST", "/", " "), "es");  // Tornado: the default locale
  EXPECT_EQ(ask("POST", "/", "xx"), "en_US");
}

// WH-33
TEST_F(HandlerLocale, blanks_around_a_language_do_not_count) {
  EXPECT_EQ(ask("GET", "/", "xx, es ;q=0.5"), "es");  // Tornado: "es " is not a language
  EXPECT_EQ(ask("GET", "/", "es; q=0.5 , de-DE ; q= 0.6"), "de_DE");
}

}  // namespace
}  // namespace tornado::locale
