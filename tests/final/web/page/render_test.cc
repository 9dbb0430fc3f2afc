#include <tornado/gen.h>
#include <tornado/json.h>
#include <tornado/locale.h>
#include <tornado/template.h>
#include <tornado/uimodule.h>
#include <tornado/web.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "../web_test_tools.h"

namespace shop {

struct Entry {
  int id = 0;
  std::string title;
};
TORNADO_FIELDS(Entry, id, title)

}  // namespace shop

namespace tornado::web {
namespace {

using shop::Entry;
using template_::DictLoader;
using template_::Namespace;

class RenderTest : public WebTest {
 protected:
  static Settings with(DictLoader::Files files) {
    Settings settings;
    settings.template_loader = std::make_shared<DictLoader>(files);
    return settings;
  }
};

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "tornado-XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(std::filesystem::path(path) / name) << text;
  }
  std::string path;
};

struct StoryHandler : RequestHandler {
  void get() {
    const std::vector<Entry> rows = {{1, "One"}, {2, "<Two>"}};
    render("story.html", {{"rows", rows}});
  }
};

// WH-15
TEST_F(RenderTest, render_finishes_with_the_page) {
  Application app({url<StoryHandler>("/")},
                  with({{"story.html", "{% for r in rows %}{{ r.id }}:{{ r.title }} {% end %}"}}));
  const Exchange get(app, "GET", "/");
  EXPECT_EQ(get->code, 200);
  EXPECT_EQ(get->body, "1:One 2:&lt;Two&gt; ");
  EXPECT_EQ(get->sent_headers["Content-Type"], "text/html; charset=UTF-8");
  EXPECT_TRUE(get->sent_headers.contains("Etag"));
  EXPECT_TRUE(get->finished);
}

// As text 001 does.
struct FinishedByRender : RequestHandler {
  void get() {
    render("t.html");
    finish();
  }
};

// WH-15 SE-04
TEST_F(RenderTest, finish_after_render_is_logged_and_the_page_is_sent) {
  const ExpectLog expected(log::app_log, uncaught("finish() called twice"));
  Application app({url<FinishedByRender>("/")}, with({{"t.html", "page"}}));
  const Exchange get(app, "GET", "/");
  EXPECT_EQ(get->code, 200);
  EXPECT_EQ(get->body, "page");
}

struct Twice : RequestHandler {
  void get() {
    finish("first");
    render("t.html");
  }
};

// WH-15
TEST_F(RenderTest, render_after_finish_throws) {
  const ExpectLog expected(log::app_log, uncaught("Cannot render() after finish()"));
  Application app({url<Twice>("/")}, with({{"t.html", "page"}}));
  const Exchange get(app, "GET", "/");
  EXPECT_EQ(get->body, "first");
}

struct Pieces : RequestHandler {
  void get() {
    write(render_string("a.html", {{"n", 1}}));
    write(render_string("a.html", {{"n", 2}}));
  }
};

// WH-16
TEST_F(RenderTest, render_string_gives_the_text_only) {
  Application app({url<Pieces>("/")}, with({{"a.html", "<{{ n }}>"}}));
  EXPECT_EQ(Exchange(app, "GET", "/")->body, "<1><2>");
}

struct Broken : RequestHandler {
  void get(std::string name) { render(name + ".html"); }
};

// WH-15
TEST_F(RenderTest, a_page_that_fails_is_a_500_and_the_log_says_where) {
  Application app({url<Broken>("/(.*)")},
                  with({{"run.html", "\n\n{{ 1 / 0 }}"}, {"parse.html", "\n{% nonsense %}"}}));
  const ExpectLog at_run(log::app_log,
                         uncaught("ZeroDivisionError: division by zero at run.html:3"));
  EXPECT_EQ(Exchange(app, "GET", "/run")->code, 500);
  const ExpectLog at_parse(log::app_log, uncaught("unknown operator: 'nonsense' at parse.html:2"));
  EXPECT_EQ(Exchange(app, "GET", "/parse")->code, 500);
  EXPECT_EQ(Exchange(app, "GET", "/none")->code, 500);
}

struct Nothing : RequestHandler {
  void get() { render("n.html"); }
  CurrentUser get_current_user() override { return "ada <a>"; }
};
struct Named : RequestHandler {
  void get(int) {}
};

// WH-18
TEST_F(RenderTest, what_every_template_finds) {
  Settings settings =
      with({{"n.html",
             "{{ current_user }}|{{ handler.current_user }}|{{ request.method }} "
             "{{ request.uri }} {{ request.headers['Host'] }} {{ request.path }}|"
             "{{ reverse_url('named', 5) }} {{ handler.reverse_url('named', 6) }}|"
             "{{ handler.get_argument('q') }} {{ handler.get_argument('z', 'no') }}|"
             "{{ handler.settings['blog'] }}|{% raw xsrf_form_html()[:26] %}|"
             "{{ 'input' in handler.xsrf_form_html() }}|{{ request.full_url() }}"}});
  settings.extra.emplace("blog", "Mine");
  Application app({url<Nothing>("/"), url<Named>("/n/([0-9]+)", "named")}, std::move(settings));
  EXPECT_EQ(Exchange(app, "GET", "/?q=1")->body,
            "ada &lt;a&gt;|ada &lt;a&gt;|GET /?q=1 example.com /|/n/5 /n/6|1 no|Mine|"
            "<input type=\"hidden\" name=|True|http://example.com/?q=1");
}

struct LatePage : RequestHandler {
  Future<void> get() {
    co_await gen::moment;
    render("n.html");
  }
};

// WH-18 WH-36
TEST_F(RenderTest, reverse_url_when_the_application_has_gone) {
  auto app = std::make_unique<Application>(
      std::vector<URLSpec>{url<LatePage>("/"), url<Named>("/n/([0-9]+)", "named")},
      with({{"n.html", "{{ reverse_url('named', 5) }} {{ handler.reverse_url('named', 6) }}"}}));
  const Exchange get(*app, "GET", "/");
  app.reset();
  advance(1);
  EXPECT_TRUE(get->finished);
  EXPECT_EQ(get->body, "/n/5 /n/6");
}

class Translations {
 public:
  Translations() {
    folder_.write("es_LA.csv",
                  "\"Sign out\",\"Salir\"\n\"%(n)s cat\",\"%(n)s gato\",\"singular\"\n"
                  "\"%(n)s cats\",\"%(n)s gatos\",\"plural\"\n\"<b>\",\"<i>\"\n");
    locale::load_translations(folder_.path);
  }
  ~Translations() { locale::load_translations(Folder().path); }

 private:
  Folder folder_;
};

struct Spanish : Nothing {
  const locale::Locale* get_user_locale() override {
    ++asked;
    return &locale::get("es_LA");
  }
  inline static int asked = 0;
};

// The output of python3-tornado 6.2 for the same file.
// WH-18
TEST_F(RenderTest, locale_translates) {
  const Translations translations;
  Application app(
      {url<Spanish>("/")},
      with({{"n.html",
             "{{ _('Sign out') }}|{{ _('Sign in') }}|{{ _('<b>') }}|{% raw _('<b>') %}|"
             "{{ _('%(n)s cat', '%(n)s cats', 1) % {'n': 1} }}|"
             "{{ _('%(n)s cat', plural_message='%(n)s cats', count=2) % {'n': 2} }}|"
             "{{ locale.translate('Sign out') }}|{{ handler.locale.code }} {{ locale.name }} "
             "{{ locale.rtl }}|{{ pgettext('menu', 'Sign out') }}|"
             "{{ locale.pgettext('menu', '%(n)s cat', '%(n)s cats', 2) % {'n': 2} }}|"
             "{{ locale.list(['a', 'b', 'c']) }}|{{ locale.friendly_number(1234567) }}"}}));
  EXPECT_EQ(Exchange(app, "GET", "/")->body,
            "Salir|Sign in|&lt;i&gt;|<i>|1 gato|2 gatos|Salir|es_LA Español False|Salir|2 gatos|"
            "a, b and c|1234567");
}

// WH-18
TEST_F(RenderTest, locale_writes_dates) {
  Application app(
      {url<Nothing>("/")},
      with({{"n.html",
             "{% import datetime %}"
             "{{ locale.format_date(datetime.datetime(2013, 4, 28, 18, 35), full_format=True) }}|"
             "{{ locale.format_date(1367174100, 60, False, full_format=True) }}|"
             "{{ locale.format_date(1367174100.0, shorter=True) }}|"
             "{{ locale.format_day(datetime.datetime(2013, 4, 28, 18, 35)) }}|"
             "{{ locale.format_day(datetime.datetime(2013, 4, 28, 18, 35), dow=False) }}"}}));
  EXPECT_EQ(Exchange(app, "GET", "/")->body,
            "April 28, 2013 at 6:35 pm|April 28, 2013 at 5:35 pm|April 28, 2013|"
            "Sunday, April 28|April 28");
}

// WH-18
TEST_F(RenderTest, the_language_is_asked_for_when_a_template_wants_it) {
  const Translations translations;
  Application app({url<Spanish>("/")}, with({{"n.html", "{{ 1 }}"}}));
  Spanish::asked = 0;
  EXPECT_EQ(Exchange(app, "GET", "/")->body, "1");
  EXPECT_EQ(Spanish::asked, 0);
}

// WH-18
TEST_F(RenderTest, what_cannot_be_translated_is_a_500_and_the_log_says_why) {
  const std::pair<const char*, const char*> wrong[] = {
      {"{{ _('a', 'b') }}", "a plural message needs a count"},
      {"{{ _(1) }}", "TypeError"},
      {"{{ locale.format_date('today') }}", "TypeError"},
      {"{{ locale.format_date(1e300) }}", "year"},
      {"{{ locale.nothing }}", "AttributeError"}};
  for (const auto& [page, part] : wrong) {
    SCOPED_TRACE(page);
    const ExpectLog expected(log::app_log, uncaught(part));
    Application app({url<Nothing>("/")}, with({{"n.html", page}}));
    EXPECT_EQ(Exchange(app, "GET", "/")->code, 500);
  }
}

// WH-18
TEST_F(RenderTest, static_url) {
  const Folder folder;
  folder.write("a.css", "p{}");
  Settings settings = with({{"n.html",
                             "{{ static_url('a.css', include_version=False) }} "
                             "{{ static_url('a.css', True, include_version=False) }} "
                             "{{ handler.static_url('a.css', include_host=None)[:16] }}"}});
  settings.static_path = folder.path;
  Application app({url<Nothing>("/")}, std::move(settings));
  EXPECT_EQ(Exchange(app, "GET", "/")->body,
            "/static/a.css http://example.com/static/a.css /static/a.css?v=");
  Application none({url<Nothing>("/")}, with({{"n.html", "{{ static_url('a.css') }}"}}));
  const ExpectLog expected(log::app_log, uncaught("You must define the 'static_path' setting"));
  EXPECT_EQ(Exchange(none, "GET", "/")->code, 500);
}

// WH-18
TEST_F(RenderTest, an_argument_that_is_missing_in_a_template_is_a_400) {
  Application app({url<Nothing>("/")}, with({{"n.html", "{{ handler.get_argument('q') }}"}}));
  EXPECT_EQ(Exchange(app, "GET", "/")->code, 400);
}

// Shows what Tornado's templates see of the request below.
class RequestInTemplateTest : public RenderTest {
 protected:
  struct Page : RequestHandler {
    void post(std::string) { render("n.html"); }
  };
  // The output of python3-tornado 6.2.
  static std::string page(std::string_view text) {
    const std::string form =
        "--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\n"
        "Content-Type: text/plain\r\n\r\n<hi>\r\n"
        "--B\r\nContent-Disposition: form-data; name=\"c\"\r\n\r\nform\r\n--B--\r\n";
    httputil::HTTPHeaders headers = {{"Host", "Example.COM:8080"},
                                     {"User-Agent", "curl"},
                                     {"Cookie", "a=1; b=\"x\\054y\""},
                                     {"X-A", "1"},
                                     {"X-A", "2"},
                                     {"Content-Type", "multipart/form-data; boundary=B"}};
    Settings settings = with({{"n.html", text}});
    settings.login_url = "/in";
    settings.cookie_secret = "secret";
    Application app({url<Page>("/p/(.*)")}, std::move(settings));
    return Exchange(app, "POST", "/p/x?a=1&a=%202%20&q=x", std::move(headers), form)->body;
  }
};

// WH-18
TEST_F(RequestInTemplateTest, get_argument_with_a_default) {
  EXPECT_EQ(page("{{ handler.get_argument('q', None) }} {{ handler.get_argument('z', None) }} "
                 "{{ handler.get_argument('z', default='d') }}{{ handler.get_argument(name='a') }}"
                 "[{{ handler.get_argument('a', None, False) }}]"
                 "[{{ handler.get_argument('a', strip=False) }}]"
                 "{{ handler.get_argument('z', 5) + 1 }}"),
            "x None d2[ 2 ][ 2 ]6");
  EXPECT_EQ(page("{% if handler.get_argument('z', None) %}yes{% else %}no{% end %}"), "no");
}

// WH-18
TEST_F(RequestInTemplateTest, the_arguments_of_the_query_and_of_the_form) {
  EXPECT_EQ(
      page("{{ handler.get_query_argument('q') }} {{ handler.get_query_argument('c', None) }} "
           "{{ handler.get_body_argument('c') }} "
           "{{ handler.get_body_argument('q', default='none') }}|"
           "{% raw handler.get_query_arguments('a') %} "
           "{% raw handler.get_body_arguments('c') %} "
           "{% raw handler.get_arguments('a', strip=False) %}"),
      "x None form none|['1', '2'] ['form'] ['1', ' 2 ']");
  EXPECT_EQ(page("{{ request.arguments['a'][0] }}{{ request.arguments['a'][1] }}|"
                 "{% raw sorted(request.arguments) %} {{ request.query_arguments['q'][0] }} "
                 "{{ request.body_arguments['c'][0] }}"),
            "1 2 |['a', 'c', 'q'] x form");
}

// In quadratic time this takes minutes.
// WH-18
TEST_F(RequestInTemplateTest, a_page_may_look_up_each_of_many_arguments) {
  std::string query = "/p/x?";
  for (int i = 0; i < 20'000; ++i) query += "a" + std::to_string(i) + "=1&";
  Application app({url<Page>("/p/(.*)")}, with({{"n.html",
                                                 "{% for name in request.arguments %}"
                                                 "{{ request.arguments[name][0] }}{% end %}"}}));
  const auto exchange = Exchange(app, "POST", query);
  EXPECT_EQ(exchange->body, std::string(20'000, '1'));
}

// WH-18
TEST_F(RequestInTemplateTest, cookies) {
  EXPECT_EQ(page("{{ request.cookies['a'].value }} {{ request.cookies['b'].value }} "
                 "{{ request.cookies['b'].key }} {{ handler.cookies['a'].value }}"),
            "1 x,y b 1");
  EXPECT_EQ(page("{{ handler.get_cookie('a') }} {{ handler.get_cookie('z') }} "
                 "{{ handler.get_cookie('z', 'd') }} {{ handler.get_secure_cookie('a') }}"),
            "1 None d None");
  const std::string text = create_signed_value(CookieSecret("secret"), "u", "ann");
  EXPECT_EQ(page("{{ handler.get_signed_cookie('u', value='" + text + "') }} " +
                 "{{ handler.get_signed_cookie('v', '" + text + "') }} " +
                 "{{ handler.get_secure_cookie('u', '" + text + "', max_age_days=-1) }}"),
            "ann None None");
}

// WH-18
TEST_F(RequestInTemplateTest, files) {
  EXPECT_EQ(page("{{ request.files['f'][0].filename }} {{ request.files['f'][0]['body'] }} "
                 "{{ request.files['f'][0].content_type }} {{ len(request.files) }}"),
            "a.txt &lt;hi&gt; text/plain 1");
}

// WH-18
TEST_F(RequestInTemplateTest, other_attributes_of_request_and_handler) {
  EXPECT_EQ(page("{{ request.host }} {{ request.host_name }} {{ request.request_time() >= 0 }} "
                 "{{ handler.get_status() }} {{ handler.get_login_url() }} "
                 "{{ handler.path_args[0] }} {{ handler.path_kwargs }}"),
            "Example.COM:8080 example.com True 200 /in x {}");
}

// WH-18
TEST_F(RequestInTemplateTest, header_fields_in_any_case_and_repeated_ones_joined) {
  EXPECT_EQ(page("{{ request.headers.get('user-agent') }} {{ request.headers['x-a'] }} "
                 "{{ 'x-A' in request.headers }} {{ request.headers.get('no', 5) }} "
                 "{{ len(request.headers) }} {% for n in request.headers %}{{ n }},{% end %}"),
            "curl 1,2 True 5 5 Host,User-Agent,Cookie,X-A,Content-Type,");
  EXPECT_EQ(page("{% for n, v in request.headers.items() %}{% if n == 'X-A' %}{{ v }}{% end %}"
                 "{% end %} {{ dict(request.headers).get('x-a') }} "
                 "{{ dict(request.headers) == request.headers }}"),
            "1,2 None True");
}

// WH-18
TEST_F(RenderTest, many_header_fields_are_found_too) {
  httputil::HTTPHeaders headers;
  for (int i = 0; i < 20; ++i) headers.add("X-Field-" + std::to_string(i), std::to_string(i));
  Application app({url<Nothing>("/")},
                  with({{"n.html",
                         "{{ request.headers['x-field-17'] }} "
                         "{{ request.headers['X-FIELD-3'] }} {{ len(request.headers) }}"}}));
  EXPECT_EQ(Exchange(app, "GET", "/", std::move(headers))->body, "17 3 21");
}

struct OwnNames : RequestHandler {
  void get() { render("t.html", {{"b", "arg"}}); }
  Namespace get_template_namespace() override {
    Namespace names = RequestHandler::get_template_namespace();
    names.update({{"a", "own"}, {"b", "own"}});
    return names;
  }
};

// WH-18
TEST_F(RenderTest, get_template_namespace_can_be_added_to) {
  Application app({url<OwnNames>("/")}, with({{"t.html", "{{ a }} {{ b }}"}}));
  EXPECT_EQ(Exchange(app, "GET", "/")->body, "own arg");
}

struct Page : RequestHandler {
  void get() { render("page.html", {{"x", "<>"}}); }
};

// ST-12
TEST_F(RenderTest, template_path_autoescape_whitespace_and_cache) {
  const Folder folder;
  folder.write("page.html", "{{ x }}  !");
  Settings settings;
  settings.template_path = folder.path;
  Application app({url<Page>("/")}, settings);
  EXPECT_EQ(Exchange(app, "GET", "/")->body, "&lt;&gt; !");
  folder.write("page.html", "changed");
  EXPECT_EQ(Exchange(app, "GET", "/")->body, "&lt;&gt; !");

  folder.write("page.html", "{{ x }}  !");
  settings.autoescape = std::nullopt;
  settings.template_whitespace = "all";
  settings.compiled_template_cache = false;
  Application fresh({url<Page>("/")}, settings);
  EXPECT_EQ(Exchange(fresh, "GET", "/")->body, "<>  !");
  folder.write("page.html", "changed");
  EXPECT_EQ(Exchange(fresh, "GET", "/")->body, "changed");
}

// ST-12
TEST_F(RenderTest, debug_reads_templates_again) {
  const Folder folder;
  folder.write("page.html", "one");
  Settings settings;
  settings.template_path = folder.path;
  settings.debug = true;
  expect_leftovers();  // of autoreload, which debug enables
  Application app({url<Page>("/")}, settings);
  EXPECT_EQ(Exchange(app, "GET", "/")->body, "one");
  folder.write("page.html", "two");
  EXPECT_EQ(Exchange(app, "GET", "/")->body, "two");
}

struct OwnLoader : RequestHandler {
  void get() { render("page.html"); }
  std::string get_template_path() const override { return "elsewhere"; }
  std::shared_ptr<template_::BaseLoader> create_template_loader(
      const std::string& path) const override {
    ++made;
    return std::make_shared<DictLoader>(DictLoader::Files{{"page.html", path}});
  }
  static inline int made = 0;
};

// WH-19
TEST_F(RenderTest, one_loader_for_each_template_path) {
  OwnLoader::made = 0;
  Application app({url<OwnLoader>("/")});
  EXPECT_EQ(Exchange(app, "GET", "/")->body, "elsewhere");
  EXPECT_EQ(Exchange(app, "GET", "/")->body, "elsewhere");
  EXPECT_EQ(OwnLoader::made, 1);
}

// ---- modules ------------------------------------------------------------------------------------

struct EntryModule : UIModule {
  EntryModule() { ++made; }
  std::string render(const Entry& entry, std::optional<bool> full) {
    return "<p>" + entry.title + (full.value_or(false) ? "!" : "") + "</p>";
  }
  std::string embedded_javascript() override { return "js();"; }
  std::vector<std::string> javascript_files() override {
    return {"/a.js", "http://x/b.js", "/a.js"};
  }
  std::string embedded_css() override { return "p{}"; }
  std::vector<std::string> css_files() override { return {"/a.css?x&y"}; }
  std::string html_head() override { return "<meta>"; }
  std::string html_body() override { return "<i>body</i>"; }
  static inline int made = 0;
};
struct Plain : UIModule {
  std::string render(const template_::Arguments& arguments) {
    return request().path + " " + arguments.find("a")->str() + (current_user() ? "!" : "?") +
           render_string("part.html");
  }
};

struct ModulePage : RequestHandler {
  void get() {
    const std::vector<Entry> entries = {{1, "One"}, {2, "Two"}};
    render("page.html", {{"entries", entries}});
  }
};

Settings with_modules(DictLoader::Files files) {
  Settings settings;
  settings.template_loader = std::make_shared<DictLoader>(files);
  settings.ui_modules = {{"Entry", ui_module<EntryModule>}, {"Plain", ui_module<Plain>}};
  return settings;
}

// WX-12
TEST_F(RenderTest, modules_add_to_the_page_once_and_where_Tornado_does) {
  EntryModule::made = 0;
  Application app(
      {url<ModulePage>("/")},
      with_modules({{"page.html",
                     "<head></head><body>{% for e in entries %}{% module Entry(e, True) %}"
                     "{% end %}</body>"}}));
  // In the order of python3-tornado.
  EXPECT_EQ(Exchange(app, "GET", "/")->body,
            "<head><link href=\"/a.css?x&amp;y\" type=\"text/css\" rel=\"stylesheet\"/>\n"
            "<style type=\"text/css\">\np{}\n</style>\n<meta>\n</head>"
            "<body><p>One!</p><p>Two!</p>"
            "<script src=\"/a.js\" type=\"text/javascript\"></script>"
            "<script src=\"http://x/b.js\" type=\"text/javascript\"></script>\n"
            "<script type=\"text/javascript\">\n//<![CDATA[\njs();\n//]]>\n</script>\n"
            "<i>body</i>\n</body>");
  EXPECT_EQ(EntryModule::made, 1);
}

struct Relative : UIModule {
  std::string render() { return {}; }
  std::vector<std::string> javascript_files() override { return {"a.js"}; }
  std::vector<std::string> css_files() override { return {"a.css"}; }
};

// WX-12
TEST_F(RenderTest, relative_files_of_modules_are_static_urls) {
  const Folder folder;
  Settings settings =
      with_modules({{"page.html", "<head></head><body>{% module Relative() %}</body>"}});
  settings.ui_modules.emplace("Relative", ui_module<Relative>);
  settings.static_path = folder.path;  // the files do not exist, so URLs have no versions
  Application app({url<ModulePage>("/")}, std::move(settings));
  EXPECT_EQ(Exchange(app, "GET", "/")->body,
            "<head><link href=\"/static/a.css\" type=\"text/css\" rel=\"stylesheet\"/>\n</head>"
            "<body><script src=\"/static/a.js\" type=\"text/javascript\"></script>\n</body>");
}

// WX-12
TEST_F(RenderTest, a_module_has_handler_request_and_keywords) {
  Application app({url<ModulePage>("/")}, with_modules({{"page.html", "{% module Plain(a=5) %}"},
                                                        {"part.html", "(part)"}}));
  EXPECT_EQ(Exchange(app, "GET", "/")->body, "/ 5?(part)");
}

// TP-08
TEST_F(RenderTest, modules_that_are_not_there_or_get_the_wrong_arguments) {
  Application none({url<ModulePage>("/")}, with_modules({{"page.html", "{% module Nowhere() %}"}}));
  const ExpectLog nowhere(
      log::app_log,
      uncaught("AttributeError: 'modules' object has no attribute 'Nowhere' at page.html:1"));
  EXPECT_EQ(Exchange(none, "GET", "/")->code, 500);
  Application wrong({url<ModulePage>("/")}, with_modules({{"page.html", "{% module Entry(5) %}"}}));
  const ExpectLog no_entry(log::app_log,
                           uncaught("TypeError: expected Entry, not int at page.html:1"));
  EXPECT_EQ(Exchange(wrong, "GET", "/")->code, 500);
}

// WX-12
TEST_F(RenderTest, a_page_without_a_place_for_the_additions_is_a_500) {
  Application app({url<ModulePage>("/")},
                  with_modules({{"page.html", "{% module Entry(entries[0]) %}"}}));
  const ExpectLog expected(log::app_log, uncaught("which has no </body>"));
  EXPECT_EQ(Exchange(app, "GET", "/")->code, 500);
}

// WX-13
TEST_F(RenderTest, Template_linkify_and_xsrf_form_html_are_always_there) {
  Application app(
      {url<ModulePage>("/")},
      with_modules(
          {{"page.html",
            "<head></head>{% for e in entries %}{% module Template('e.html', e=e) %}"
            "{% end %}{% module linkify('see http://a.example', shorten=True) %}"
            "{% raw _tt_modules.xsrf_form_html()[:6] %}<body></body>"},
           {"e.html",
            "{{ set_resources(css_files='/e.css', embedded_javascript='e();') }}[{{ e.id }}]"}}));
  EXPECT_EQ(Exchange(app, "GET", "/")->body,
            "<head><link href=\"/e.css\" type=\"text/css\" rel=\"stylesheet\"/>\n</head>[1][2]"
            "see <a href=\"http://a.example\">http://a.example</a><input<body>"
            "<script type=\"text/javascript\">\n//<![CDATA[\ne();\n//]]>\n</script>\n</body>");
}

// WX-13
TEST_F(RenderTest, different_resources_of_one_file_are_an_error) {
  Application app(
      {url<ModulePage>("/")},
      with_modules(
          {{"page.html", "{% for e in entries %}{% module Template('e.html', e=e) %}{% end %}"},
           {"e.html", "{{ set_resources(css_files=str(e.id)) }}"}}));
  const ExpectLog expected(log::app_log,
                           uncaught("ValueError: set_resources called with different resources"));
  EXPECT_EQ(Exchange(app, "GET", "/")->code, 500);
}

// WX-13
TEST_F(RenderTest, a_module_Template_that_shows_itself_ends_with_an_error) {
  Application app({url<ModulePage>("/")},
                  with_modules({{"page.html", "{% module Template('page.html') %}"}}));
  const ExpectLog expected(log::app_log, uncaught("RecursionError"));
  EXPECT_EQ(Exchange(app, "GET", "/")->code, 500);
}

// WH-41 ST-07
TEST_F(RenderTest, ui_methods_get_the_handler) {
  Settings settings =
      with({{"n.html", "{{ greet('you') }} {{ greet('you', '?') }} {{ modules.linkify('a') }}"}});
  settings.ui_methods = {{"greet", ui_method([](RequestHandler& handler, std::string name,
                                                std::optional<std::string> mark) {
                            return handler.request.method + " " + name + mark.value_or("!");
                          })}};
  Application app({url<Nothing>("/")}, std::move(settings));
  EXPECT_EQ(Exchange(app, "GET", "/")->body, "GET you! GET you? a");
}

struct OwnAssets : ModulePage {
  std::string render_linked_js(const std::vector<std::string>& files) override {
    return std::to_string(files.size()) + "js";
  }
  std::string render_embed_js(const std::vector<std::string>&) override { return "ejs"; }
  std::string render_linked_css(const std::vector<std::string>&) override { return "css"; }
  std::string render_embed_css(const std::vector<std::string>&) override { return "ecss"; }
};

// WH-17
TEST_F(RenderTest, the_HTML_of_assets_can_be_overridden) {
  Application app(
      {url<OwnAssets>("/")},
      with_modules({{"page.html", "<head></head><body>{% module Entry(entries[0]) %}</body>"}}));
  EXPECT_EQ(Exchange(app, "GET", "/")->body,
            "<head>css\necss\n<meta>\n</head><body><p>One</p>3js\nejs\n<i>body</i>\n</body>");
}

struct AnyUser : Nothing {
  CurrentUser get_current_user() override { return user; }
  inline static CurrentUser user;
};
struct Stranger {
  int id = 0;
};

class UserInTemplateTest : public RenderTest {
 protected:
  static std::string page(CurrentUser user, std::string_view text) {
    AnyUser::user = std::move(user);
    Application app({url<AnyUser>("/")}, with({{"n.html", text}}));
    return Exchange(app, "GET", "/")->body;
  }
};

// WH-18 WH-31
TEST_F(UserInTemplateTest, a_user_that_is_JSON) {
  EXPECT_EQ(page(json{{"name", "ann"}, {"ids", {1, 2}}},
                 "{{ current_user['name'] }} {{ current_user.name }} "
                 "{{ handler.current_user['ids'][1] }}"),
            "ann ann 2");
}

// WH-18 WH-31
TEST_F(UserInTemplateTest, a_user_with_fields_is_shown_and_not_copied) {
  const auto entry = std::make_shared<const Entry>(Entry{3, "bob"});
  EXPECT_EQ(page(entry, "{{ current_user.title }} {{ handler.current_user['id'] }}"), "bob 3");
  EXPECT_EQ(page(Entry{4, "ada"}, "{{ current_user.title }}"), "ada");
  AnyUser::user = entry;
  Settings settings =
      with_modules({{"n.html", "<head></head>{% module Entry(current_user) %}<body></body>"}});
  Application app({url<AnyUser>("/")}, std::move(settings));
  EXPECT_NE(Exchange(app, "GET", "/")->body.find("<p>bob</p>"), std::string::npos);
}

// WH-18 WH-31
TEST_F(UserInTemplateTest, a_user_that_is_a_number) {
  EXPECT_EQ(page(std::uint32_t{42}, "{{ current_user + 1 }}"), "43");
  EXPECT_EQ(page(std::uint64_t{42}, "{{ current_user + 1 }}"), "43");
  EXPECT_EQ(page(std::int8_t{-2}, "{{ current_user }}"), "-2");
  EXPECT_EQ(page(2.5, "{{ current_user * 2 }}"), "5.0");
  EXPECT_EQ(page(true, "{{ current_user }}"), "True");
}

// WH-18 WH-31
TEST_F(UserInTemplateTest, of_others_a_template_knows_that_they_are_there) {
  constexpr const char* kPage = "{{ current_user }} {{ 'in' if current_user else 'out' }}";
  EXPECT_EQ(page(Stranger{1}, kPage), "&lt;user object&gt; in");
  EXPECT_EQ(page(std::numeric_limits<std::uint64_t>::max(), kPage), "&lt;user object&gt; in");
  EXPECT_EQ(page({}, kPage), "None out");
}

}  // namespace
}  // namespace tornado::web
