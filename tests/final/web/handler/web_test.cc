#include <gmock/gmock.h>
#include <tornado/gen.h>
#include <tornado/ioloop.h>
#include <tornado/json.h>
#include <tornado/log.h>
#include <tornado/version.h>
#include <tornado/web.h>

#include <string>
#include <vector>

#include "../web_test_tools.h"

namespace tornado::web {
namespace {

using httputil::HTTPHeaders;
using ioloop::IOLoop;

struct Hello : RequestHandler {
  void get() { write("Hello, world"); }
  void head() { write("Hello, world"); }
  void post() { write(request.body); }
};

// WH-04
TEST_F(WebTest, a_verb_is_found_by_its_name) {
  Application app({url<Hello>("/")});
  const Exchange get(app, "GET", "/");
  EXPECT_EQ(get->code, 200);
  EXPECT_EQ(get->body, "Hello, world");
  EXPECT_TRUE(get->finished);
  const Exchange post(app, "POST", "/", {}, "abc");
  EXPECT_EQ(post->body, "abc");
}

// WH-09 UT-04
TEST_F(WebTest, the_default_headers_and_the_Etag_of_Hello_world) {
  Application app({url<Hello>("/")});
  const Exchange get(app, "GET", "/");
  EXPECT_EQ(get->sent_headers["Server"], "TornadoServer/" + std::string(kVersion));
  EXPECT_EQ(get->sent_headers["Content-Type"], "text/html; charset=UTF-8");
  EXPECT_EQ(get->sent_headers["Etag"], "\"e02aa1b106d5c7c6a98def2b13005d5b84fd8dc8\"");
  EXPECT_EQ(get->sent_headers["Content-Length"], "12");
  EXPECT_TRUE(get->sent_headers["Date"].ends_with(" GMT"));
}

// WH-38
TEST_F(WebTest, If_None_Match_with_the_tag_gives_304_without_a_body) {
  Application app({url<Hello>("/")});
  const Exchange same(app, "GET", "/",
                      {{"If-None-Match", "\"x\", W/\"e02aa1b106d5c7c6a98def2b13005d5b84fd8dc8\""}});
  EXPECT_EQ(same->code, 304);
  EXPECT_EQ(same->body, "");
  EXPECT_FALSE(same->sent_headers.contains("Content-Type"));
  EXPECT_FALSE(same->sent_headers.contains("Content-Length"));
  EXPECT_EQ(Exchange(app, "GET", "/", {{"If-None-Match", "*"}})->code, 304);
  EXPECT_EQ(Exchange(app, "GET", "/", {{"If-None-Match", "\"other\""}})->code, 200);
  EXPECT_FALSE(Exchange(app, "POST", "/", {}, "x")->sent_headers.contains("Etag"));
}

struct OwnTag : Hello {
  std::optional<std::string> compute_etag() const override { return "\"own\""; }
};
struct InheritedTag : OwnTag {};
struct PrivateTag : Hello {
 private:
  std::optional<std::string> compute_etag() const override { return "\"private\""; }
};
struct NoTag : Hello {
  std::optional<std::string> compute_etag() const override { return std::nullopt; }
};

// WH-38
TEST_F(WebTest, a_class_may_compute_its_own_Etag_or_none) {
  Application app({url<OwnTag>("/own"), url<InheritedTag>("/inherited"),
                   url<PrivateTag>("/private"), url<NoTag>("/none")});
  EXPECT_EQ(Exchange(app, "GET", "/own")->sent_headers["Etag"], "\"own\"");
  EXPECT_EQ(Exchange(app, "GET", "/inherited")->sent_headers["Etag"], "\"own\"");
  EXPECT_EQ(Exchange(app, "GET", "/private")->sent_headers["Etag"], "\"private\"");
  EXPECT_FALSE(Exchange(app, "GET", "/none")->sent_headers.contains("Etag"));
}

TEST_F(WebTest, HEAD_has_the_headers_of_the_body_and_no_body) {
  Application app({url<Hello>("/")});
  const Exchange head(app, "HEAD", "/");
  EXPECT_EQ(head->sent_headers["Content-Length"], "12");
  EXPECT_TRUE(head->sent_headers.contains("Etag"));
  EXPECT_EQ(head->body, "");
}

// WH-05
TEST_F(WebTest, a_missing_verb_is_405_and_Allow_lists_the_others) {
  Application app({url<Hello>("/")});
  const Exchange put(app, "PUT", "/");
  EXPECT_EQ(put->code, 405);
  EXPECT_EQ(put->sent_headers["Allow"], "GET, HEAD, POST");
  EXPECT_EQ(put->body,
            "<html><title>405: Method Not Allowed</title><body>405: Method Not "
            "Allowed</body></html>");
  EXPECT_EQ(Exchange(app, "FOO", "/")->code, 405);
  EXPECT_EQ(Exchange(app, "get", "/")->code, 405);
}

TEST_F(WebTest, an_unknown_path_is_404_for_every_method) {
  Application app({url<Hello>("/")});
  const Exchange get(app, "GET", "/nowhere");
  EXPECT_EQ(get->code, 404);
  EXPECT_EQ(get->body, "<html><title>404: Not Found</title><body>404: Not Found</body></html>");
  EXPECT_EQ(Exchange(app, "DELETE", "/nowhere")->code, 404);
}

struct Story : RequestHandler {
  struct Init {
    std::string prefix = "story ";
  };
  void initialize(const Init& init) { prefix = init.prefix; }
  void get(int id) { write(prefix + std::to_string(id)); }
  std::string prefix;
};

// WH-02 WA-04
TEST_F(WebTest, initialize_gets_the_routes_Init) {
  Application app({
      url<Story>("/story/([^/]+)", {.prefix = "tale "}, "story"),
      url<Story>("/default/([^/]+)"),
  });
  EXPECT_EQ(Exchange(app, "GET", "/story/7")->body, "tale 7");
  EXPECT_EQ(Exchange(app, "GET", "/default/7")->body, "story 7");
}

// `make_app().listen(80)`: the server would be destroyed before the loop starts.
template <class A>
concept ListensWithoutName = requires(A&& app) { std::move(app).listen(80); } ||
                             requires(A&& app) { std::move(app).listen(80, "::1"); };
static_assert(!ListensWithoutName<Application>);

struct Plain : RequestHandler {
  void initialize() { text = "initialized"; }
  void get() { write(text); }
  std::string text;
};

// WH-02
TEST_F(WebTest, initialize_without_Init_is_called_too) {
  Application app({url<Plain>("/")});
  EXPECT_EQ(Exchange(app, "GET", "/")->body, "initialized");
}

// WA-03
TEST_F(WebTest, a_capture_that_does_not_convert_is_404) {
  Application app({url<Story>("/story/([^/]+)")});
  for (const char* path : {"/story/x", "/story/1x", "/story/99999999999", "/story/+1"}) {
    EXPECT_EQ(Exchange(app, "GET", path)->code, 404) << path;
  }
  EXPECT_EQ(Exchange(app, "GET", "/story/-3")->body, "story -3");
}

struct TwoParts : RequestHandler {
  void get(std::string first, const std::string& second) { write(first + "|" + second); }
};

// RT-02
TEST_F(WebTest, captures_are_decoded_and_plus_stays) {
  Application app({url<TwoParts>("/path/([^/]*)/([^/]*)")});
  EXPECT_EQ(Exchange(app, "GET", "/path/a%2Fb/c+d%20e?x=1")->body, "a/b|c+d e");
  EXPECT_EQ(Exchange(app, "GET", "/path/%ff/x")->code, 400);
}

struct Optional : RequestHandler {
  void get(std::optional<int> page) { write(page ? std::to_string(*page) : "none"); }
};
struct AllCaptures : RequestHandler {
  void get(const PathArgs& args) { write(std::to_string(args.size())); }
};

// WA-03
TEST_F(WebTest, an_optional_group_and_all_captures_at_once) {
  Application app({url<Optional>("/page/?([0-9]+)?"), url<AllCaptures>("/all/(.)(.)(.)")});
  EXPECT_EQ(Exchange(app, "GET", "/page/4")->body, "4");
  EXPECT_EQ(Exchange(app, "GET", "/page")->body, "none");
  EXPECT_EQ(Exchange(app, "GET", "/all/abc")->body, "3");
}

TEST_F(WebTest, a_verb_with_other_arguments_than_groups_is_rejected_when_the_route_is_made) {
  for (const auto& [pattern, says] :
       {std::pair("/story", "has 0 groups, but "), std::pair("/(.)/(.)", "has 2 groups, but ")}) {
    try {
      url<Story>(pattern);
      ADD_FAILURE() << "accepted";
    } catch (const std::invalid_argument& error) {
      EXPECT_THAT(error.what(), ::testing::HasSubstr(says));
      EXPECT_THAT(error.what(), ::testing::EndsWith("Story::get() takes 1 argument"));
    }
  }
}

struct Coroutine : RequestHandler {
  Future<void> get() {
    co_await gen::sleep(5);
    write("late");
  }
};

// GEN-02
TEST_F(WebTest, a_coroutine_verb_finishes_when_it_ends) {
  Application app({url<Coroutine>("/")});
  const Exchange get(app, "GET", "/");
  EXPECT_FALSE(get->finished);
  advance(6);
  EXPECT_TRUE(get->finished);
  EXPECT_EQ(get->body, "late");
}

struct Async : RequestHandler {
  asynchronous get() {
    write("Hello, ");
    IOLoop::current().call_later(1, [this] { finish("world"); });
    return {};
  }
  void on_finish() override { events.push_back("on_finish"); }
  void on_connection_close() override { events.push_back("on_connection_close"); }
};

// GEN-20 WH-45 WX-14
TEST_F(WebTest, asynchronous_stays_open_until_finish) {
  Application app({url<Async>("/")});
  const Exchange get(app, "GET", "/");
  EXPECT_EQ(get->code, 0);
  advance(2);
  EXPECT_EQ(get->body, "Hello, world");
  EXPECT_EQ(events, std::vector<std::string>{"on_finish"});
}

// WH-06 WH-07
TEST_F(WebTest, the_client_leaves_first_and_on_finish_still_comes_once) {
  Application app({url<Async>("/")});
  Exchange get(app, "GET", "/");
  get.leave();
  EXPECT_EQ(events, std::vector<std::string>{"on_connection_close"});
  advance(2);
  EXPECT_EQ(events, (std::vector<std::string>{"on_connection_close", "on_finish"}));
}

struct Never : RequestHandler {
  asynchronous get() {
    write("never sent");
    return {};
  }
  void on_finish() override { events.push_back("on_finish"); }
};

// GEN-20
TEST_F(WebTest, asynchronous_without_finish_sends_nothing_and_goes_with_its_application) {
  {
    Application app({url<Never>("/")});
    Exchange get(app, "GET", "/");
    advance(10);
    EXPECT_EQ(get->code, 0);
    get.leave();
    EXPECT_TRUE(events.empty());
  }
  EXPECT_EQ(events, std::vector<std::string>{"on_finish"});
}

struct Order : RequestHandler {
  struct Init {};
  void initialize(const Init&) { events.push_back("initialize"); }
  Future<void> prepare() {
    events.push_back("prepare");
    co_await gen::sleep(1);
    events.push_back("prepared");
  }
  void get() { events.push_back("get"); }
  void on_finish() override { events.push_back("on_finish"); }
};

// WH-42
TEST_F(WebTest, initialize_prepare_verb_on_finish) {
  Application app({url<Order>("/")});
  const Exchange get(app, "GET", "/");
  advance(2);
  EXPECT_EQ(events,
            (std::vector<std::string>{"initialize", "prepare", "prepared", "get", "on_finish"}));
}

struct Counting : RequestHandler {
  void get() { write(std::to_string(++requests)); }
  int requests = 0;
};

// WH-01
TEST_F(WebTest, each_request_has_a_handler_of_its_own) {
  Application app({url<Counting>("/")});
  EXPECT_EQ(Exchange(app, "GET", "/")->body, "1");
  EXPECT_EQ(Exchange(app, "GET", "/")->body, "1");
}

struct EarlyEnd : RequestHandler {
  void prepare() { finish("from prepare"); }
  void get() { events.push_back("get"); }
};

// WH-03
TEST_F(WebTest, a_prepare_that_finishes_skips_the_verb) {
  Application app({url<EarlyEnd>("/")});
  EXPECT_EQ(Exchange(app, "GET", "/")->body, "from prepare");
  EXPECT_TRUE(events.empty());
}

struct Failing : RequestHandler {
  void get(std::string how) {
    set_header("X-Gone", "1");
    write("dropped");
    if (how == "error") throw std::runtime_error("secret detail");
    if (how == "int") throw 42;
    if (how == "http") throw HTTPError(403, "for the log only");
    if (how == "reason") throw HTTPError(400, "", "Odd <b>");
    if (how == "phrase") throw HTTPError(400, "", "My Phrase");
    if (how == "finish") throw Finish();
    if (how == "finish-chunk") throw Finish("!");
    if (how == "twice") {
      finish();
      finish();
    }
  }
};

// WH-44 WX-01
TEST_F(WebTest, what_a_verb_throws_becomes_a_page) {
  Application app({url<Failing>("/(.*)")});
  const ExpectLog of_error(
      log::app_log, "(?s)Uncaught exception GET /error \\(192\\.0\\.2\\.7\\)\n.*secret detail");
  const ExpectLog of_http(log::gen_log, exactly("403 GET /http (192.0.2.7): for the log only"));
  const Exchange error(app, "GET", "/error");
  EXPECT_EQ(error->code, 500);
  EXPECT_EQ(error->body.find("secret"), std::string::npos);
  EXPECT_FALSE(error->sent_headers.contains("X-Gone"));
  EXPECT_EQ(Exchange(app, "GET", "/int")->code, 500);
  EXPECT_EQ(Exchange(app, "GET", "/http")->code, 403);
  EXPECT_EQ(Exchange(app, "GET", "/reason")->reason, "Unknown");
  EXPECT_EQ(Exchange(app, "GET", "/phrase")->reason, "My Phrase");
}

struct OwnLog : Failing {
  void log_exception(const std::exception_ptr& exception) override {
    try {
      std::rethrow_exception(exception);
    } catch (const std::exception& thrown) {
      events.push_back(thrown.what());
    }
  }
};

// WH-23
TEST_F(WebTest, a_class_logs_exceptions_its_own_way) {
  Application app({url<OwnLog>("/(.*)")});
  const ExpectLog usual(log::app_log, "(?s).*secret detail", false);
  EXPECT_EQ(Exchange(app, "GET", "/error")->code, 500);
  EXPECT_EQ(Exchange(app, "GET", "/phrase")->code, 400);
  EXPECT_EQ(events, (std::vector<std::string>{"secret detail", "HTTP 400: My Phrase"}));
  EXPECT_FALSE(usual.matched());
}

// WX-03
TEST_F(WebTest, Finish_ends_the_response_as_it_is) {
  Application app({url<Failing>("/(.*)")});
  EXPECT_EQ(Exchange(app, "GET", "/finish")->body, "dropped");
  EXPECT_EQ(Exchange(app, "GET", "/finish-chunk")->body, "dropped!");
}

// WH-14
TEST_F(WebTest, the_second_finish_is_only_logged) {
  Application app({url<Failing>("/(.*)")});
  const ExpectLog expected(log::app_log, uncaught("finish() called twice"));
  const Exchange get(app, "GET", "/twice");
  EXPECT_EQ(get->body, "dropped");
}

// ST-03
TEST_F(WebTest, serve_traceback_shows_the_exception) {
  Settings settings;
  settings.debug = true;
  expect_leftovers();  // of autoreload, which debug enables
  Application app({url<Failing>("/(.*)")}, settings);
  const ExpectLog expected(log::app_log, uncaught("Failing::get"));
  const Exchange get(app, "GET", "/error");
  EXPECT_EQ(get->sent_headers["Content-Type"], "text/plain");
  // The calls that led to the throw, followed by what was thrown.
  EXPECT_TRUE(get->body.starts_with("Traceback (most recent call last):\n")) << get->body;
  const std::size_t thrown_in = get->body.find("Failing::get");
  ASSERT_NE(thrown_in, std::string::npos) << get->body;
  EXPECT_NE(get->body.find("secret detail", thrown_in), std::string::npos) << get->body;
}

struct Streaming : RequestHandler {
  Future<void> get(std::string how) {
    write("one");
    co_await flush();
    write("two");
    co_await flush();
    if (how == "fail") throw std::runtime_error("too late");
    write("three");
  }
};

// WH-13
TEST_F(WebTest, flush_sends_a_piece_and_leaves_out_Etag_and_Content_Length) {
  Application app({url<Streaming>("/(.*)")});
  const Exchange get(app, "GET", "/");
  EXPECT_EQ(get->body, "onetwothree");
  EXPECT_FALSE(get->sent_headers.contains("Etag"));
  EXPECT_FALSE(get->sent_headers.contains("Content-Length"));
  const ExpectLog expected(log::gen_log, "Cannot send error response after headers written");
  const Exchange failed(app, "GET", "/fail");
  EXPECT_EQ(failed->body, "onetwo");
  EXPECT_TRUE(failed->finished);
}

struct Arguments : RequestHandler {
  void get() {
    write(get_argument("a") + "|" + get_argument("b", "fallback") + "|" +
          std::to_string(get_arguments("a").size()) + "|" + get_query_argument("a", false));
  }
  void post() { write(get_body_argument("a") + "|" + get_query_argument("a", "-")); }
};

// WH-24 WX-02
TEST_F(WebTest, arguments) {
  Application app({url<Arguments>("/")});
  EXPECT_EQ(Exchange(app, "GET", "/?a=1&a=+two+")->body, "two|fallback|2| two ");
  const HTTPHeaders form{{"Content-Type", "application/x-www-form-urlencoded"}};
  EXPECT_EQ(Exchange(app, "POST", "/?a=q", form, "a=b")->body, "b|q");
  const ExpectLog missing(log::gen_log, exactly("400 GET / (192.0.2.7): Missing argument a"));
  EXPECT_EQ(Exchange(app, "GET", "/")->code, 400);
  const ExpectLog invalid(log::gen_log, "400 GET .*: Invalid unicode in a");
  EXPECT_EQ(Exchange(app, "GET", "/?a=%ff")->code, 400);
  EXPECT_EQ(Exchange(app, "GET", "/?a=x%01y")->body, "x y|fallback|1|x y");
}

struct Redirecting : RequestHandler {
  void get(std::string how) {
    if (how == "found") redirect("/there");
    if (how == "moved") redirect("/there", true);
    if (how == "other") redirect("/there", false, 303);
    if (how == "inject") redirect("/x\r\nSet-Cookie: a=b");
  }
};

// WH-20
TEST_F(WebTest, redirect) {
  Application app({url<Redirecting>("/(.*)")});
  EXPECT_EQ(Exchange(app, "GET", "/found")->code, 302);
  EXPECT_EQ(Exchange(app, "GET", "/found")->sent_headers["Location"], "/there");
  EXPECT_EQ(Exchange(app, "GET", "/moved")->code, 301);
  EXPECT_EQ(Exchange(app, "GET", "/other")->code, 303);
  const Exchange injected(app, "GET", "/inject");
  EXPECT_EQ(injected->code, 500);
  EXPECT_FALSE(injected->sent_headers.contains("Set-Cookie"));
}

struct Json : RequestHandler {
  void get() { write(json{{"a", 1}, {"b", "</script>"}}); }
  void post() { write(json::array({1, 2})); }
};

// WH-12
TEST_F(WebTest, write_takes_a_JSON_object_and_no_list) {
  Application app({url<Json>("/")});
  const Exchange get(app, "GET", "/");
  EXPECT_EQ(get->body, "{\"a\": 1, \"b\": \"<\\/script>\"}");
  EXPECT_EQ(get->sent_headers["Content-Type"], "application/json; charset=UTF-8");
  EXPECT_EQ(Exchange(app, "POST", "/")->code, 500);
}

struct NoBody : RequestHandler {
  void get() { set_status(204); }
  void post() {
    set_status(204);
    write("x");
  }
};

TEST_F(WebTest, a_204_has_no_body_and_no_length) {
  Application app({url<NoBody>("/")});
  const Exchange get(app, "GET", "/");
  EXPECT_EQ(get->code, 204);
  EXPECT_FALSE(get->sent_headers.contains("Content-Length"));
  EXPECT_EQ(Exchange(app, "POST", "/")->code, 500);
}

// WA-04 WA-10
TEST_F(WebTest, reverse_url) {
  Application app({url<Story>("/story/([0-9]+)", {}, "story"), url<Hello>("/", "home")});
  EXPECT_EQ(app.reverse_url("story", 1), "/story/1");
  EXPECT_EQ(app.reverse_url("home"), "/");
  EXPECT_THROW(app.reverse_url("nobody"), std::out_of_range);
}

// WA-02
TEST_F(WebTest, the_first_route_that_matches_wins) {
  Application app({url<Story>("/s/([0-9]+)", {.prefix = "first "}), url<Hello>("/s/5"),
                   url<AllCaptures>("/s/(.*)")});
  EXPECT_EQ(Exchange(app, "GET", "/s/5")->body, "first 5");
  EXPECT_EQ(Exchange(app, "GET", "/s/x")->body, "1");
}

// WA-11 ST-06
TEST_F(WebTest, the_access_log) {
  const ExpectLog expected(log::access_log, "200 GET /\\?q=1 \\(192\\.0\\.2\\.7\\) ", true,
                           log::Level::kInfo);
  Application app({url<Hello>("/")});
  const Exchange get(app, "GET", "/?q=1");
  Settings settings;
  settings.log_function = [](const RequestHandler& handler) {
    events.push_back("own log " + std::to_string(handler.get_status()));
  };
  Application own({url<Hello>("/")}, settings);
  const Exchange other(own, "GET", "/");
  EXPECT_EQ(events, std::vector<std::string>{"own log 200"});
}

struct Silent : Application {
  using Application::Application;
  void log_request(const RequestHandler& handler) override {
    events.push_back(handler.request.method + " " + std::to_string(handler.get_status()));
  }
};

// WA-11
TEST_F(WebTest, an_application_writes_its_own_access_log) {
  Silent app({url<Hello>("/")});
  const Exchange get(app, "GET", "/");
  const Exchange missing(app, "GET", "/nothing");
  EXPECT_EQ(events, (std::vector<std::string>{"GET 200", "GET 404"}));
}

struct AnyMethod : RequestHandler {
  void any_method() { write(request.method); }
  void get() { write("own get"); }
};

TEST_F(WebTest, any_method_takes_what_has_no_verb_of_its_own) {
  Application app({url<AnyMethod>("/")});
  EXPECT_EQ(Exchange(app, "GET", "/")->body, "own get");
  EXPECT_EQ(Exchange(app, "PUT", "/")->body, "PUT");
  EXPECT_EQ(Exchange(app, "PROPFIND", "/")->body, "PROPFIND");
}

TEST_F(WebTest, a_handler_made_by_anybody_else_says_so) {
  struct Public : RequestHandler {
    Public() = default;
    ~Public() override = default;
  };
  EXPECT_THROW(Public(), std::logic_error);
}

TEST(WaitingHandler, goes_with_the_loop) {
  IOLoop loop;
  Application app({url<Coroutine>("/")});
  Exchange get(app, "GET", "/");
  get.leave();
  loop.close();  // the sanitizer reports if its frame leaks
  EXPECT_FALSE(get->finished);
}

}  // namespace
}  // namespace tornado::web
