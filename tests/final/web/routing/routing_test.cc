// Routers and rules (tornado/routing.h), and Application as one of them.
#include <tornado/gen.h>
#include <tornado/routing.h>

#include <array>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "../web_test_tools.h"
#include "web/routing/pattern.h"
#include "web/routing/rule_table.h"

namespace tornado::web {
namespace {

using httputil::HTTPServerRequest;
using routing::AnyMatches;
using routing::DefaultHostMatches;
using routing::HostMatches;
using routing::PathMatches;
using routing::RuleRouter;

// Responds with its own name and its arguments.
struct Named : RequestHandler {
  struct Init {
    std::string name;
  };
  void initialize(const Init& init) { name = init.name; }
  void get(const PathArgs& args) {
    write(name);
    for (const auto& arg : args) write(" " + arg.value_or("None"));
  }
  std::string name;
};

Rule named(const std::string& pattern, std::string name) {
  return url<Named>(pattern, {.name = std::move(name)});
}

httputil::HTTPHeaders host(const std::string& name) {
  return {{"Host", name}};
}

std::string body(httputil::HTTPServerConnectionDelegate& router, const std::string& path,
                 httputil::HTTPHeaders headers = {}) {
  const Exchange get(router, "GET", path, std::move(headers));
  return get->code == 200 ? get->body : std::to_string(get->code);
}

// Responds to a request by hand, as a callable target does.
void answer(const HTTPServerRequest& request, const std::string& text) {
  request.connection->write_headers({"HTTP/1.1", 200, "OK"},
                                    {{"Content-Length", std::to_string(text.size())}}, text);
  request.connection->finish();
}

class RoutingTest : public WebTest {};

// RT-01
TEST_F(RoutingTest, a_rule_leads_to_an_application_a_router_a_function_or_more_rules) {
  Application inner({named("/app/(.*)", "inner")});
  RuleRouter nested({{"/nested/x", [](HTTPServerRequest r) { answer(r, "nested " + r.method); }}});
  const auto kept = std::make_shared<Application>(std::vector<Rule>{named("/kept", "kept")});
  RuleRouter router({
      {"/app/.*", inner},
      {"/nested/.*", nested},
      {"/kept", kept},
      {"/function", [](HTTPServerRequest request) { answer(request, "function"); }},
      {"/coroutine",
       [](HTTPServerRequest request) -> Future<void> {
         co_await gen::moment;
         answer(request, "coroutine " + request.body);
       }},
      {PathMatches("/list/.*"),
       {{"/list/a", inner}, {"/list/b", [](HTTPServerRequest r) { answer(r, "b"); }}}},
  });
  EXPECT_EQ(body(router, "/app/x"), "inner x");
  EXPECT_EQ(body(router, "/nested/x"), "nested GET");
  EXPECT_EQ(body(router, "/kept"), "kept");
  EXPECT_EQ(body(router, "/function"), "function");
  EXPECT_EQ(body(router, "/list/b"), "b");
  EXPECT_EQ(body(router, "/list/a"), "404");  // the application's page
  const Exchange post(router, "POST", "/coroutine", {}, "form");
  EXPECT_EQ(post->code, 0);
  advance(0);
  EXPECT_EQ(post->body, "coroutine form");
}

// RT-01
TEST_F(RoutingTest, a_router_without_a_rule_for_the_request_leaves_it_to_the_next) {
  RuleRouter first({{"/a", [](HTTPServerRequest r) { answer(r, "first"); }}});
  RuleRouter router({
      {AnyMatches(), first},
      {AnyMatches(), {{"/b", [](HTTPServerRequest r) { answer(r, "list"); }}}},
      {"/.*", [](HTTPServerRequest r) { answer(r, "last"); }},
  });
  EXPECT_EQ(body(router, "/a"), "first");
  EXPECT_EQ(body(router, "/b"), "list");
  EXPECT_EQ(body(router, "/c"), "last");
}

// A condition defined by the program.
class HeaderMatches final : public routing::Matcher {
 public:
  explicit HeaderMatches(std::string name) : name_(std::move(name)) {}
  std::optional<routing::MatchParams> match(const HTTPServerRequest& request) const override {
    if (!request.headers.contains(name_)) return std::nullopt;
    routing::MatchParams params;
    params.path_args.emplace_back(request.headers.get(name_));
    return params;
  }

 private:
  std::string name_;
};

struct TakesOne : RequestHandler {
  void get(std::string value) { write("one " + value); }
};
struct TakesTwo : RequestHandler {
  void get(std::string, std::string) {}
};

// RT-02
TEST_F(RoutingTest, a_matcher_of_the_programs_own) {
  Application app({Rule(HeaderMatches("X-One"), handler<TakesOne>()),
                   Rule(HeaderMatches("X-Two"), handler<TakesTwo>()), named("/", "root")});
  EXPECT_EQ(body(app, "/", {{"X-One", "1"}}), "one 1");
  const ExpectLog expected(log::app_log, uncaught("takes 2 arguments, its route gave 1"));
  EXPECT_EQ(body(app, "/", {{"X-Two", "1"}}), "500");
  EXPECT_EQ(body(app, "/"), "root");
}

// RT-02
TEST_F(RoutingTest, AnyMatches_HostMatches_and_PathMatches) {
  Application app({
      Rule(HostMatches("api\\.example\\.com"), {named("/", "api")}),
      Rule(HostMatches("(a|b)\\.example\\.com"), {named("/", "ab"), named("/x/(.*)", "abx")}),
      Rule(AnyMatches(), {named("/", "any")}),
  });
  EXPECT_EQ(body(app, "/", host("API.example.com:8888")), "api");
  EXPECT_EQ(body(app, "/", host("b.example.com")), "ab");
  EXPECT_EQ(body(app, "/x/1", host("b.example.com")), "abx 1");
  EXPECT_EQ(body(app, "/", host("xapi.example.com")), "any");
  EXPECT_EQ(body(app, "/", host("api.example.com.evil.org")), "any");
  EXPECT_THROW(HostMatches("("), std::invalid_argument);
  EXPECT_THROW(PathMatches("/("), std::invalid_argument);
}

// RT-02
TEST_F(RoutingTest, DefaultHostMatches_looks_at_the_default_host_not_at_the_requests) {
  Application app({
      Rule(DefaultHostMatches("www.example.com", ".*\\.example\\.com"), {named("/", "default")}),
      named("/", "other"),
  });
  EXPECT_EQ(body(app, "/", host("localhost")), "default");
  EXPECT_EQ(body(app, "/", {{"Host", "localhost"}, {"X-Real-Ip", "192.0.2.1"}}), "other");
  Application elsewhere({
      Rule(DefaultHostMatches("localhost", ".*\\.example\\.com"), {named("/", "default")}),
      named("/", "other"),
  });
  EXPECT_EQ(body(elsewhere, "/"), "other");
}

// RT-03
TEST_F(RoutingTest, add_rules_appends_to_the_existing_rules) {
  RuleRouter router({{"/a", [](HTTPServerRequest r) { answer(r, "old"); }}});
  EXPECT_EQ(body(router, "/b"), "404");
  router.add_rules({{"/.*", [](HTTPServerRequest r) { answer(r, "new"); }}});
  EXPECT_EQ(body(router, "/a"), "old");
  EXPECT_EQ(body(router, "/b"), "new");
}

// RT-03
TEST_F(RoutingTest, a_router_without_an_application_takes_no_handler_class) {
  EXPECT_THROW(RuleRouter({named("/", "x")}), std::invalid_argument);
  EXPECT_THROW(RuleRouter({{AnyMatches(), {named("/", "x")}}}), std::invalid_argument);
  RuleRouter router;
  EXPECT_THROW(router.add_rules({named("/", "x")}), std::invalid_argument);
  EXPECT_EQ(body(router, "/"), "404");
}

// RT-03
TEST_F(RoutingTest, reverse_url_looks_into_what_rules_lead_to) {
  Application app({url<TakesOne>("/one/(.*)", "one")});
  RuleRouter router({
      Rule(
          "/own", [](HTTPServerRequest r) { answer(r, ""); }, "own"),
      {"/one/.*", app},
      {AnyMatches(),
       {Rule(
           "/list/([0-9]+)", [](HTTPServerRequest r) { answer(r, ""); }, "list")}},
      Rule(
          AnyMatches(), [](HTTPServerRequest r) { answer(r, ""); }, "any"),
  });
  EXPECT_EQ(router.reverse_url("own"), "/own");
  EXPECT_EQ(router.reverse_url("one", "a b"), "/one/a%20b");
  EXPECT_EQ(router.reverse_url("list", 7), "/list/7");
  EXPECT_EQ(router.reverse_url("any"), std::nullopt);
  EXPECT_EQ(router.reverse_url("unknown"), std::nullopt);
}

// RT-05
TEST_F(RoutingTest, a_plain_router_answers_404_without_a_body_or_headers) {
  RuleRouter router;
  const Exchange get(router, "GET", "/");
  EXPECT_EQ(get->code, 404);
  EXPECT_TRUE(get->sent_headers.empty());
  EXPECT_EQ(get->body, "");
  EXPECT_TRUE(get->finished);
}

TEST_F(RoutingTest, the_target_hears_that_the_routers_client_left) {
  struct Waits : RequestHandler {
    asynchronous get() { return {}; }
    void on_connection_close() override { events.push_back("left"); }
  };
  Application app({url<Waits>("/")});
  RuleRouter router({{AnyMatches(), app}});
  Exchange get(router, "GET", "/");
  get.leave();
  EXPECT_EQ(events, std::vector<std::string>{"left"});
}

// ---- Application --------------------------------------------------------------------------------

// WA-01
TEST_F(RoutingTest, routes_lists_and_other_applications_in_one_application) {
  Application admin({named("/admin/(.*)", "admin")});
  Application app({
      named("/", "root"),
      Rule(AnyMatches(), {named("/list/(.*)", "list"), named("/more", "more")}),
      Rule("/admin/.*", admin),
      Rule("/raw", [](HTTPServerRequest r) { answer(r, "raw"); }),
      named("/(.*)", "rest"),
  });
  EXPECT_EQ(body(app, "/"), "root");
  EXPECT_EQ(body(app, "/list/1"), "list 1");
  EXPECT_EQ(body(app, "/more"), "more");
  EXPECT_EQ(body(app, "/admin/users"), "admin users");
  EXPECT_EQ(body(app, "/raw"), "raw");
  EXPECT_EQ(body(app, "/else"), "rest else");
}

// WA-01
TEST_F(RoutingTest, the_body_reaches_a_target_that_is_not_a_handler) {
  Application app({Rule("/raw", [](HTTPServerRequest r) { answer(r, r.body + r.uri); })});
  const Exchange post(app, "POST", "/raw?a", {{"X-A", "1"}}, "body ");
  EXPECT_EQ(post->body, "body /raw?a");
}

// WA-02
TEST_F(RoutingTest, order_decides_between_text_captures_and_expressions) {
  Application app({
      named("/a/([0-9]+)", "number"),
      named("/a/1", "late"),
      named("/(a|b)/x", "expression"),
      named("/a/x", "late too"),
      named("/b/(.*)", "b"),
      named("/(b)/x/y", "never"),
      named("/a/([a-z]+)", "letters"),
      named("/(.*)", "rest"),
  });
  EXPECT_EQ(body(app, "/a/1"), "number 1");
  EXPECT_EQ(body(app, "/a/x"), "expression a");
  EXPECT_EQ(body(app, "/b/x/y"), "b x/y");
  EXPECT_EQ(body(app, "/a/y"), "letters y");
  EXPECT_EQ(body(app, "/a/Y"), "rest a/Y");
}

// For any routes, the table finds the same rule as trying one after the other.
// WA-02
TEST_F(RoutingTest, the_table_finds_what_a_scan_finds) {
  constexpr std::array parts = {"/a",        "/b",         "/ab",    "/",    "([^/]+)", "/([0-9]+)",
                                "/(\\d{2})", "/(a|b)",     "/a?",    "(.*)", "/x(y)?",  "/(?i:A)",
                                "/([a-z]*)", "/(?P<n>.+)", "\\.txt", "/1"};
  constexpr std::array pieces = {"/", "a", "b", "ab", "1", "12", "x", "y", ".txt", "A"};
  std::mt19937 random(20261121);
  const auto pick = [&random](const auto& list) {
    return std::string(
        list[std::uniform_int_distribution<std::size_t>(0, list.size() - 1)(random)]);
  };
  int found = 0;
  for (int table = 0; table < 60; ++table) {
    std::vector<std::string> patterns;
    while (patterns.size() < 30) {
      std::string pattern = pick(parts) + pick(parts);
      // Named and unnamed groups cannot be mixed.
      if (pattern.find("?P<") == std::string::npos) patterns.push_back(std::move(pattern));
    }
    std::vector<Rule> rules;
    for (const std::string& pattern : patterns) rules.push_back(named(pattern, pattern));
    const routing::detail::RuleTable rule_table(rules);
    for (int n = 0; n < 100; ++n) {
      std::string path;
      for (int k = std::uniform_int_distribution<int>(1, 5)(random); k > 0; --k)
        path += pick(pieces);
      const HTTPServerRequest request(httputil::RequestStartLine("GET", path));
      std::optional<std::string> wanted;
      std::vector<std::string_view> captures;
      for (const std::string& pattern : patterns) {
        if (!routing::detail::Pattern(pattern).match(path, captures)) continue;
        wanted = pattern;
        break;
      }
      const auto to = rule_table.find(request);
      ASSERT_EQ(static_cast<bool>(to), wanted.has_value()) << path;
      if (!wanted) continue;
      ++found;
      ASSERT_EQ(static_cast<const Named::Init*>(to.init)->name, *wanted) << path;
      ASSERT_EQ(to.params.path_args.size(), captures.size());
    }
  }
  EXPECT_GT(found, 1000);
}

// WA-03
TEST_F(RoutingTest, named_groups_are_arguments_and_path_kwargs) {
  struct Archive : RequestHandler {
    void get(int year, std::optional<std::string> month) {
      write(std::to_string(year) + " " + month.value_or("None"));
      for (const auto& [name, value] : path_kwargs()) write(" " + name + "=" + value.value_or("-"));
    }
  };
  Application app({url<Archive>("/(?P<year>[0-9]+)(?:/(?P<month>[^/]+))?", "archive")});
  EXPECT_EQ(body(app, "/2026/a%20b"), "2026 a b month=a b year=2026");
  EXPECT_EQ(body(app, "/2026"), "2026 None month=- year=2026");
  const ExpectLog expected(log::gen_log, "400 GET .*: Invalid unicode in month");
  EXPECT_EQ(body(app, "/2026/%ff"), "400");
  EXPECT_THROW(url<Archive>("/(?P<year>[0-9]+)/([0-9]+)"), std::invalid_argument);
}

// WA-05
TEST_F(RoutingTest, a_name_used_twice_means_the_last_with_a_warning) {
  const ExpectLog expected(log::app_log,
                           exactly("Multiple handlers named x; replacing previous value"));
  const Application app({url<TakesOne>("/a/(.*)", "x"), url<TakesOne>("/b/(.*)", "x")});
  EXPECT_EQ(app.reverse_url("x", 1), "/b/1");
}

// WA-08
TEST_F(RoutingTest, hosts_are_tried_before_the_routes_of_all_in_the_order_they_were_added) {
  Application app({named("/", "all"), named("/only", "all")});
  app.add_handlers("a\\.example\\.com", {named("/", "a")});
  app.add_handlers("(.*)\\.example\\.com$", {named("/", "example"), named("/e", "example")});
  EXPECT_EQ(body(app, "/", host("a.example.com")), "a");
  EXPECT_EQ(body(app, "/e", host("a.example.com")), "example");
  EXPECT_EQ(body(app, "/", host("b.example.com:80")), "example");
  EXPECT_EQ(body(app, "/only", host("a.example.com")), "all");
  EXPECT_EQ(body(app, "/", host("example.org")), "all");
  EXPECT_EQ(body(app, "/e", host("example.org")), "404");
}

// WA-09
TEST_F(RoutingTest, the_default_host_stands_for_names_that_are_none_of_the_hosts) {
  Settings settings;
  settings.default_host = "www.example.com";
  Application app({named("/", "all")}, settings);
  app.add_handlers("www\\.example\\.com", {named("/", "www"), named("/w", "www")});
  app.add_handlers("api\\.example\\.com", {named("/a", "api")});
  EXPECT_EQ(body(app, "/w", host("localhost:8888")), "www");
  EXPECT_EQ(body(app, "/", host("localhost")), "all");  // the routes for all hosts come first
  EXPECT_EQ(body(app, "/a", host("localhost")), "404");
  EXPECT_EQ(body(app, "/w", {{"Host", "localhost"}, {"X-Real-Ip", "192.0.2.1"}}), "404");
}

// WA-10
TEST_F(RoutingTest, reverse_url_knows_hosts_lists_and_inner_applications) {
  Application inner({url<TakesOne>("/inner/(.*)", "inner")});
  Application app(
      {Rule(AnyMatches(), {url<TakesOne>("/list/(.*)", "list")}), Rule("/inner/.*", inner)});
  app.add_handlers("a", {url<TakesOne>("/host/(.*)", "host")});
  EXPECT_EQ(app.reverse_url("list", "a/b"), "/list/a/b");
  EXPECT_EQ(app.reverse_url("inner", "x y"), "/inner/x%20y");
  EXPECT_EQ(app.reverse_url("host", 1.0 > 0 ? 1 : 0), "/host/1");
  EXPECT_THROW(app.reverse_url("none"), std::out_of_range);
}

// WA-13
TEST_F(RoutingTest, an_application_can_be_called_with_a_request) {
  Application app({named("/x/(.*)", "called"),
                   Rule("/raw", [](HTTPServerRequest r) { answer(r, "raw " + r.body); })});
  const auto ask = [&app](const std::string& path) {
    const auto connection = std::make_shared<FakeConnection>();
    app(HTTPServerRequest(httputil::RequestStartLine("GET", path), {{"Host", "h"}}, "body",
                          connection));
    EXPECT_TRUE(connection->finished);
    return connection->body;
  };
  EXPECT_EQ(ask("/x/1"), "called 1");
  EXPECT_EQ(ask("/raw"), "raw body");
}

// WA-13
TEST_F(RoutingTest, a_request_that_nobody_waits_for_is_refused) {
  Application app({named("/", "root")});
  EXPECT_THROW(app(HTTPServerRequest(httputil::RequestStartLine("GET", "/"))),
               std::invalid_argument);
}

// Chooses the handler itself.
class OwnRouter final : public routing::Router {
 public:
  explicit OwnRouter(Application& app) : app_(app) {}
  std::unique_ptr<httputil::HTTPMessageDelegate> find_handler(
      const HTTPServerRequest& request) override {
    if (request.method == "POST") return nullptr;
    if (request.path == "/app") return app_.find_handler(request);
    return app_.get_handler_delegate<Named>(request, {"given"}, Named::Init{.name = request.path});
  }

 private:
  Application& app_;
};

// WA-14
TEST_F(RoutingTest, find_handler_and_get_handler_delegate_serve_a_router_of_the_programs_own) {
  Application app({named("/app", "found")});
  OwnRouter router(app);
  EXPECT_EQ(body(router, "/app"), "found");
  EXPECT_EQ(body(router, "/whatever"), "/whatever given");
  const Exchange post(router, "POST", "/", {}, "x");
  EXPECT_EQ(post->code, 404);
  EXPECT_TRUE(post->sent_headers.empty());
}

struct Lost : RequestHandler {
  struct Init {
    std::string text = "lost";
  };
  void initialize(const Init& init) { text = init.text; }
  void prepare() {
    set_status(404);
    finish(text + " " + request.path);
  }
  std::string text;
};

// ST-04
TEST_F(RoutingTest, default_handler_class_answers_what_no_route_matches) {
  Settings settings;
  settings.default_handler_class = handler<Lost>({.text = "nothing at"});
  Application app({named("/", "root")}, settings);
  for (const char* method : {"GET", "POST", "DELETE"}) {
    const Exchange lost(app, method, "/x");
    EXPECT_EQ(lost->code, 404);
    EXPECT_EQ(lost->body, "nothing at /x") << method;
  }
  EXPECT_EQ(body(app, "/"), "root");
}

}  // namespace
}  // namespace tornado::web
