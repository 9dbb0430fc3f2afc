// The handlers and conditions of verbs that come with the library, and the transforms of a
// response.
#include <tornado/gen.h>
#include <tornado/httpserver.h>

#include <array>
#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "../web_test_tools.h"
#include "http/message/gzip_decoder.h"

namespace tornado::web {
namespace {

class HandlersTest : public WebTest {
 protected:
  // Returns the status of a GET of `path`, and where it redirects to, if it does.
  static std::string location(Application& app, const std::string& path,
                              const std::string& method = "GET") {
    const Exchange get(app, method, path);
    if (!get->sent_headers.contains("Location")) return std::to_string(get->code);
    return std::to_string(get->code) + " " + get->sent_headers["Location"];
  }
};

// ---- redirects ----------------------------------------------------------------------------------

// WX-05
TEST_F(HandlersTest, RedirectHandler_puts_groups_into_its_url) {
  Application app({
      url<RedirectHandler>("/fixed", {.url = "http://example.com/app"}),
      url<RedirectHandler>("/temporary", {.url = "/next", .permanent = false}),
      url<RedirectHandler>("/pictures/(.*)", {.url = "/photos/{0}"}),
      url<RedirectHandler>("/swap/([^/]+)/([^/]+)", {.url = "/{1}/{0}/{{x}}"}),
      url<RedirectHandler>("/next/([^/]+)/([^/]+)", {.url = "/{}-{}"}),
      url<RedirectHandler>("/(?P<year>[0-9]+)/(?P<name>[^/]+)", {.url = "/{name}?y={year}"}),
      url<RedirectHandler>("/optional(/x)?", {.url = "/o{0}"}),
  });
  EXPECT_EQ(location(app, "/fixed"), "301 http://example.com/app");
  EXPECT_EQ(location(app, "/temporary"), "302 /next");
  EXPECT_EQ(location(app, "/pictures/a%20b.jpg?x=1"), "301 /photos/a b.jpg?x=1");
  EXPECT_EQ(location(app, "/pictures/a?x=%26&y=1+2&y="), "301 /photos/a?x=%26&y=1+2&y=");
  EXPECT_EQ(location(app, "/swap/1/2"), "301 /2/1/{x}");
  EXPECT_EQ(location(app, "/next/1/2"), "301 /1-2");
  EXPECT_EQ(location(app, "/2026/may?a=b"), "301 /may?y=2026&a=b");
  EXPECT_EQ(location(app, "/optional"), "301 /o");
  EXPECT_EQ(location(app, "/fixed", "POST"), "405");
  EXPECT_EQ(location(app, "/fixed", "HEAD"), "405");
  const Exchange get(app, "GET", "/fixed");
  EXPECT_EQ(get->body, "");
  EXPECT_EQ(get->sent_headers["Content-Length"], "0");
  EXPECT_EQ(get->sent_headers["Content-Type"], "text/html; charset=UTF-8");
}

// WX-06
TEST_F(HandlersTest, RedirectHandler_takes_a_backslash_and_a_number_too) {
  Application app({
      url<RedirectHandler>("/pictures/(.*)", {.url = "/photos/\\1"}),
      url<RedirectHandler>("/swap/([^/]+)/([^/]+)", {.url = "/\\2/\\1\\x"}),
  });
  EXPECT_EQ(location(app, "/pictures/x.jpg"), "301 /photos/x.jpg");
  EXPECT_EQ(location(app, "/swap/a/b"), "301 /b/a\\x");
}

// WX-05
TEST_F(HandlersTest, a_url_that_names_a_group_the_route_lacks_is_a_500) {
  Application app({
      url<RedirectHandler>("/number/(.*)", {.url = "/{1}"}),
      url<RedirectHandler>("/back/(.*)", {.url = "/\\2"}),
      url<RedirectHandler>("/name/(.*)", {.url = "/{name}"}),
      url<RedirectHandler>("/open/(.*)", {.url = "/{0"}),
      url<RedirectHandler>("/close/(.*)", {.url = "/0}"}),
  });
  for (const char* path : {"/number/a", "/back/a", "/name/a", "/open/a", "/close/a"}) {
    EXPECT_EQ(location(app, path), "500") << path;
  }
  // A group's text never becomes a header.
  Application pictures({url<RedirectHandler>("/p/(.*)", {.url = "/{0}"})});
  EXPECT_EQ(location(pictures, "/p/a%0d%0aX:%201"), "500");
}

// WX-05
TEST_F(HandlersTest, a_group_at_the_beginning_does_not_name_another_host) {
  Application app({
      url<RedirectHandler>("/old(/.*)", {.url = "{0}"}),
      url<RedirectHandler>("/slash/(.*)", {.url = "/{0}"}),
      url<RedirectHandler>("/back(/.*)", {.url = "\\1"}),
      url<RedirectHandler>("/cdn(/.*)", {.url = "//cdn.example.com{0}"}),
  });
  EXPECT_EQ(location(app, "/old/a"), "301 /a");
  EXPECT_EQ(location(app, "/old//evil.example"), "301 /evil.example");
  EXPECT_EQ(location(app, "/slash//evil.example"), "301 /evil.example");
  EXPECT_EQ(location(app, "/slash/%5Cevil.example"), "301 /evil.example");
  EXPECT_EQ(location(app, "/back/%2Fevil.example"), "301 /evil.example");
  EXPECT_EQ(location(app, "/cdn/a"), "301 //cdn.example.com/a");
}

// Browsers drop tabs and leading blanks, and take "\\" for "/".
// WX-05
TEST_F(HandlersTest, a_group_at_the_beginning_does_not_name_another_host_to_browsers_either) {
  Application app({
      url<RedirectHandler>("/old(/.*)", {.url = "{0}"}),
      url<RedirectHandler>("/slash/(.*)", {.url = "/{0}"}),
      url<RedirectHandler>("/any/(.*)", {.url = "{0}"}),
  });
  EXPECT_EQ(location(app, "/old/%09/evil.example"), "301 /evil.example");
  EXPECT_EQ(location(app, "/slash/%09/evil.example"), "301 /evil.example");
  EXPECT_EQ(location(app, "/slash/%09%5C%09evil.example"), "301 /evil.example");
  EXPECT_EQ(location(app, "/any/%09//evil.example"), "301 /evil.example");
  EXPECT_EQ(location(app, "/any/%20//evil.example"), "301 /evil.example");
  EXPECT_EQ(location(app, "/any/%5C/evil.example"), "301 /evil.example");
  EXPECT_EQ(location(app, "/any/%09"), "301 ");
  EXPECT_EQ(location(app, "/any/a%09b"), "301 a\tb");
}

// ---- slashes ------------------------------------------------------------------------------------

struct Folder : RequestHandler {
  void get(addslash, std::string name) { write("folder " + name); }
  void head(addslash, std::string) {}
  Future<void> post(addslash, std::string name) {
    co_await gen::moment;
    write("posted " + name);
  }
};
struct File : RequestHandler {
  void get(removeslash) { write("file"); }
  asynchronous post(removeslash) {
    finish("posted");
    return {};
  }
  void put(removeslash, const PathArgs&) { write("put"); }
};

// WX-16
TEST_F(HandlersTest, addslash_redirects_GET_and_HEAD_and_refuses_the_rest) {
  Application app({url<Folder>("/folder/([a-z]*)/?"), url<Folder>("(.*)")});
  EXPECT_EQ(location(app, "/folder/x?a=1&b"), "301 /folder/x/?a=1&b");
  EXPECT_EQ(location(app, "/folder/x", "HEAD"), "301 /folder/x/");
  EXPECT_EQ(location(app, "/folder/x", "POST"), "404");
  EXPECT_EQ(Exchange(app, "GET", "/folder/x/")->body, "folder x");
  const Exchange post(app, "POST", "/folder/x/", {}, "a");
  advance(0);
  EXPECT_EQ(post->body, "posted x");
  // Not to another host.
  EXPECT_EQ(location(app, "//evil.example"), "301 /.//evil.example/");
  EXPECT_EQ(location(app, "/\\evil.example"), "301 /%5Cevil.example/");
}

// WX-16
TEST_F(HandlersTest, removeslash_leaves_the_root_alone) {
  Application app({url<File>(".*")});
  EXPECT_EQ(location(app, "/file//?q=1"), "301 /file?q=1");
  EXPECT_EQ(location(app, "/file/", "POST"), "404");
  EXPECT_EQ(location(app, "//evil.example/"), "301 /.//evil.example");
  EXPECT_EQ(Exchange(app, "GET", "/")->body, "file");
  EXPECT_EQ(Exchange(app, "GET", "/file")->body, "file");
  EXPECT_EQ(Exchange(app, "POST", "/file", {}, "a")->body, "posted");
  EXPECT_EQ(Exchange(app, "PUT", "/file", {}, "a")->body, "put");
}

TEST_F(HandlersTest, a_condition_is_not_a_capture) {
  EXPECT_NO_THROW(url<Folder>("/(.*)"));
  EXPECT_THROW(url<Folder>("/"), std::invalid_argument);
}

// ---- ErrorHandler, FallbackHandler --------------------------------------------------------------

// WX-04
TEST_F(HandlersTest, ErrorHandler_answers_every_method_with_its_page) {
  Application app({url<ErrorHandler>("/gone", {.status_code = 410})});
  for (const char* method : {"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"}) {
    const Exchange gone(app, method, "/gone");
    EXPECT_EQ(gone->code, 410) << method;
    EXPECT_EQ(gone->body, "<html><title>410: Gone</title><body>410: Gone</body></html>") << method;
  }
}

// WX-04
TEST_F(HandlersTest, ErrorHandler_asks_for_no_token) {
  Settings settings;
  settings.xsrf_cookies = true;
  settings.cookie_secret = "secret";
  Application app({url<ErrorHandler>("/gone", {.status_code = 410})}, settings);
  EXPECT_EQ(Exchange(app, "POST", "/gone")->code, 410);
}

// WX-07
TEST_F(HandlersTest, FallbackHandler_gives_the_whole_request_to_a_function) {
  std::string seen;
  const auto fallback = [&seen](httputil::HTTPServerRequest request) {
    seen = request.method + " " + request.uri + " " + request.body;
    request.connection->write_headers({"HTTP/1.1", 201, "Created"}, {{"X-By", "fallback"}}, "made");
    request.connection->finish();
  };
  Application app({url<RedirectHandler>("/r", {.url = "/"}),
                   url<FallbackHandler>("/.*", {.fallback = fallback})});
  const ExpectLog access(log::access_log, ".*POST /x", false, log::Level::kInfo);
  const Exchange post(app, "POST", "/x?a", {}, "body");
  EXPECT_EQ(seen, "POST /x?a body");
  EXPECT_EQ(post->code, 201);
  EXPECT_EQ(post->sent_headers["X-By"], "fallback");
  EXPECT_FALSE(post->sent_headers.contains("Server"));
  EXPECT_EQ(post->body, "made");
  EXPECT_FALSE(access.matched()) << "the application has not answered";
}

// WX-07
TEST_F(HandlersTest, a_fallback_may_be_a_coroutine_and_may_fail) {
  const auto later = [](httputil::HTTPServerRequest request) -> Future<void> {
    const auto connection = request.connection;
    co_await gen::moment;
    connection->write_headers({"HTTP/1.1", 200, "OK"}, {}, "later " + request.path);
    connection->finish();
  };
  const auto fails = [](httputil::HTTPServerRequest) -> Future<void> {
    co_await gen::moment;
    throw std::runtime_error("no luck");
  };
  Application app({url<FallbackHandler>("/later", {.fallback = later}),
                   url<FallbackHandler>("/fails", {.fallback = fails})});
  const Exchange get(app, "GET", "/later");
  const ExpectLog expected(log::app_log, "(?s).*no luck");
  const Exchange failing(app, "GET", "/fails");
  advance(0);
  EXPECT_EQ(get->body, "later /later");
  EXPECT_EQ(failing->code, 0);
}

// WX-07
TEST_F(HandlersTest, a_fallback_that_is_empty_is_a_500) {
  Application app({url<FallbackHandler>("/", FallbackHandler::Init())});
  const ExpectLog expected(log::app_log, uncaught("a FallbackHandler without a fallback"));
  EXPECT_EQ(Exchange(app, "GET", "/")->code, 500);
}

// ---- methods ------------------------------------------------------------------------------------

struct WebDav : RequestHandler {
  static constexpr std::array<std::string_view, 3> SUPPORTED_METHODS = {"GET", "PROPFIND", "PUT"};
  void get() { write("got"); }
  void post() { write("never"); }
  void any_method() { write("any " + request.method); }
};
struct GetOnly : RequestHandler {
  static constexpr std::array<std::string_view, 2> SUPPORTED_METHODS = {"GET", "PUT"};
  void get() { write("got"); }
  void post() { write("never"); }
};

// WH-05
TEST_F(HandlersTest, SUPPORTED_METHODS_is_what_the_class_says) {
  Application app({url<WebDav>("/dav"), url<GetOnly>("/get")});
  EXPECT_EQ(Exchange(app, "GET", "/dav")->body, "got");
  EXPECT_EQ(Exchange(app, "PROPFIND", "/dav")->body, "any PROPFIND");
  EXPECT_EQ(Exchange(app, "PUT", "/dav")->body, "any PUT");
  for (const char* method : {"POST", "MKCOL", "HEAD"}) {
    const Exchange refused(app, method, "/dav");
    EXPECT_EQ(refused->code, 405) << method;
    EXPECT_EQ(refused->sent_headers["Allow"], "GET, PROPFIND, PUT");
  }
  EXPECT_EQ(Exchange(app, "GET", "/get")->body, "got");
  for (const char* method : {"POST", "PUT", "FOO"}) {
    const Exchange refused(app, method, "/get");
    EXPECT_EQ(refused->code, 405) << method;
    EXPECT_EQ(refused->sent_headers["Allow"], "GET");
  }
}

// ---- status, headers, errors --------------------------------------------------------------------

struct Says : RequestHandler {
  void get() {
    if (request.path == "/unknown") set_status(799);
    if (request.path == "/reason") set_status(200, "Very well");
    if (request.path == "/markup") set_status(200, "<b>");
    if (request.path == "/line") set_status(200, "a\r\nX: 1");
    if (request.path == "/time") {
      set_header("X-Time", std::chrono::system_clock::from_time_t(1359312200));
    }
    if (request.path == "/number") set_header("X-Number", 17);
    if (request.path == "/header") set_header("X-A", "a\r\nX-B: b");
    if (request.path == "/clear") {
      set_status(404);
      set_header("X-A", "a");
      write("dropped");
      clear();
      EXPECT_EQ(get_status(), 200);
    }
    if (request.path == "/sent") {
      write("begun ");
      flush();
      EXPECT_THROW(redirect("/"), std::runtime_error);
      send_error(503);
      EXPECT_TRUE(finished());
    }
    if (request.path == "/error") {
      ErrorInfo info;
      info.reason = "Go away";
      send_error(403, info);
    }
  }
};

// WH-10
TEST_F(HandlersTest, a_status_has_a_reason_that_can_do_no_harm) {
  Application app({url<Says>(".*")});
  EXPECT_EQ(Exchange(app, "GET", "/unknown")->reason, "Unknown");
  EXPECT_EQ(Exchange(app, "GET", "/reason")->reason, "Very well");
  EXPECT_EQ(Exchange(app, "GET", "/markup")->reason, "Unknown");
  EXPECT_EQ(Exchange(app, "GET", "/line")->reason, "Unknown");
}

// WH-11
TEST_F(HandlersTest, headers_take_text_numbers_and_times) {
  Application app({url<Says>(".*")});
  EXPECT_EQ(Exchange(app, "GET", "/time")->sent_headers["X-Time"], "Sun, 27 Jan 2013 18:43:20 GMT");
  EXPECT_EQ(Exchange(app, "GET", "/number")->sent_headers["X-Number"], "17");
  const Exchange injected(app, "GET", "/header");
  EXPECT_EQ(injected->code, 500);
  EXPECT_FALSE(injected->sent_headers.contains("X-B"));
}

// WH-09
TEST_F(HandlersTest, clear_forgets_status_headers_and_body) {
  Application app({url<Says>(".*")});
  const Exchange get(app, "GET", "/clear");
  EXPECT_EQ(get->code, 200);
  EXPECT_FALSE(get->sent_headers.contains("X-A"));
  EXPECT_EQ(get->body, "");
}

// WH-20 WH-21
TEST_F(HandlersTest, an_error_after_the_headers_have_left_does_not_change_the_response) {
  Application app({url<Says>(".*")});
  const ExpectLog expected(log::gen_log, "Cannot send error response after headers written");
  const Exchange get(app, "GET", "/sent");
  EXPECT_EQ(get->code, 200);
  EXPECT_EQ(get->body, "begun ");
  EXPECT_TRUE(get->finished);
}

// WH-21
TEST_F(HandlersTest, send_error_takes_a_reason) {
  Application app({url<Says>(".*")});
  const Exchange get(app, "GET", "/error");
  EXPECT_EQ(get->code, 403);
  EXPECT_EQ(get->reason, "Go away");
  EXPECT_EQ(get->body, "<html><title>403: Go away</title><body>403: Go away</body></html>");
}

// WH-21
TEST_F(HandlersTest, a_status_without_a_body_gets_no_error_page) {
  struct Bodiless : RequestHandler {
    void get(int status_code) { throw HTTPError(status_code); }
    void post(int status_code) { send_error(status_code); }
    void write_error(int, const ErrorInfo&) override { ADD_FAILURE(); }
  };
  Application app({url<Bodiless>("/(.*)")});
  for (const char* method : {"GET", "POST"}) {
    EXPECT_EQ(Exchange(app, method, "/304")->code, 304);
    EXPECT_EQ(Exchange(app, method, "/204")->code, 204);
  }
}

// WX-01 WH-21
TEST_F(HandlersTest, an_error_without_a_final_status_is_a_500) {
  struct Odd : RequestHandler {
    void get(int status_code) { throw HTTPError(status_code, "", "Odd"); }
    void post(int status_code) { send_error(status_code); }
  };
  Application app({url<Odd>("/(.*)")});
  for (const std::string code : {"-1", "0", "99", "100", "103", "199", "600", "999", "1000"}) {
    for (const char* method : {"GET", "POST"}) {
      const std::string address = std::string("/") + code;
      const ExpectLog expected(log::app_log, std::string(method) + " " + address +
                                                 R"( \(.*\): status )" + code +
                                                 " cannot end a response, so 500 is sent");
      const Exchange got(app, method, address);
      EXPECT_EQ(got->code, 500) << method << address;
      EXPECT_EQ(got->body,
                "<html><title>500: Internal Server Error</title>"
                "<body>500: Internal Server Error</body></html>");
      EXPECT_TRUE(got->finished);
    }
  }
}

// WH-21
TEST_F(HandlersTest, an_error_page_may_say_another_status_but_not_without_end) {
  struct Recursing : RequestHandler {
    void get() { throw HTTPError(404); }
    void write_error(int status_code, const ErrorInfo& info) override {
      if (request.path == "/hidden" && status_code != 404) {
        RequestHandler::write_error(status_code, info);
      } else {
        send_error(request.path == "/hidden" ? 403 : status_code, info);
      }
    }
  };
  Application app({url<Recursing>("/.*")});
  EXPECT_EQ(Exchange(app, "GET", "/hidden")->body,
            "<html><title>403: Forbidden</title><body>403: Forbidden</body></html>");
  const ExpectLog expected(log::app_log, uncaught("write_error() calls send_error()"));
  const Exchange get(app, "GET", "/");
  EXPECT_EQ(get->code, 404);
  EXPECT_EQ(get->body, "");
  EXPECT_TRUE(get->finished);
}

// WH-14
TEST_F(HandlersTest, a_1xx_does_not_end_a_response) {
  struct Interim : RequestHandler {
    void get() { set_status(103); }
  };
  Application app({url<Interim>("/")});
  EXPECT_EQ(Exchange(app, "GET", "/")->code, 500);
}

struct OwnDecoding : RequestHandler {
  inline static std::string seen;
  std::string decode_argument(std::string_view value, std::string_view name) const override {
    seen += value;
    return "<" + std::string(name) + ":" + std::string(value) + ">";
  }
  void get(std::string path) {
    const std::string a = get_argument("a");
    write(path + a + get_argument("b", "none"));
  }
};

// WH-26
TEST_F(HandlersTest, decode_argument_sees_captures_and_arguments) {
  Application app({url<OwnDecoding>("/(.*)")});
  EXPECT_EQ(Exchange(app, "GET", "/%ff?a=1")->body, "<:\xff><a:1>none");
  OwnDecoding::seen.clear();
  EXPECT_EQ(Exchange(app, "GET", "/x?a=1&a=2&b=3&b=4")->body, "<:x><a:2><b:4>");
  EXPECT_EQ(OwnDecoding::seen, "x1234");
  struct Usual : RequestHandler {
    void get(std::string) { get_argument("a", ""); }
  };
  Application usual({url<Usual>("/(.*)")});
  const ExpectLog in_url(log::gen_log,
                         R"(400 GET .*: Invalid unicode in url: b'\\xff\\n\[E\] \\x1b\\\\\\''$)");
  EXPECT_EQ(Exchange(usual, "GET", "/%ff%0a[E]%20%1b%5c%27")->code, 400);
  const ExpectLog in_argument(log::gen_log, "400 GET .*: Invalid unicode in a");
  EXPECT_EQ(Exchange(usual, "GET", "/x?a=%ff")->code, 400);
}

// WH-37
TEST_F(HandlersTest, require_setting_names_the_setting_and_the_feature) {
  struct Needs : RequestHandler {
    void get() {
      require_setting("given", "this");
      require_setting("compress_response");
      require_setting("api_key", "the API");
    }
  };
  Settings settings;
  settings.extra["given"] = "yes";
  settings.compress_response = true;
  Application app({url<Needs>("/")}, settings);
  const ExpectLog expected(log::app_log, uncaught("You must define the 'api_key' setting in your "
                                                  "application to use the API"));
  EXPECT_EQ(Exchange(app, "GET", "/")->code, 500);
}

// ---- transforms ---------------------------------------------------------------------------------

// Notes the data that passes through it, and marks it.
class Marks final : public OutputTransform {
 public:
  explicit Marks(const httputil::HTTPServerRequest& request) : path_(request.path) {}
  void transform_first_chunk(int& status_code, httputil::HTTPHeaders& headers, std::string& chunk,
                             bool finishing) override {
    headers.set("X-Path", path_);
    if (status_code == 200) status_code = 203;
    headers.remove("Content-Length");
    transform_chunk(chunk, finishing);
  }
  void transform_chunk(std::string& chunk, bool finishing) override {
    chunk = "[" + chunk + (finishing ? "]." : "]");
  }

 private:
  std::string path_;
};

struct Pieces : RequestHandler {
  Future<void> get() {
    write("one");
    co_await flush();
    write("two");
    co_await flush();
    write("three");
  }
  void post() { write("all"); }
};

// WA-12
TEST_F(HandlersTest, a_transform_sees_every_piece_of_a_response) {
  Application app({url<Pieces>("/x")});
  app.add_transform<Marks>();
  const Exchange get(app, "GET", "/x");
  advance(0);
  EXPECT_EQ(get->code, 203);
  EXPECT_EQ(get->body, "[one][two][three].");
  EXPECT_EQ(get->sent_headers["X-Path"], "/x");
  EXPECT_EQ(Exchange(app, "POST", "/x", {}, "a")->body, "[all].");
  EXPECT_EQ(Exchange(app, "GET", "/y")->sent_headers["X-Path"], "/y");
}

std::string gunzip(std::string_view text) {
  http::GzipDecoder decoder;
  std::string out;
  while (true) {
    const auto result = decoder.next(text);
    if (result.status == http::GzipStatus::kBad) return "bad gzip";
    out += result.output;
    text.remove_prefix(result.consumed);
    if (result.status == http::GzipStatus::kNeedMore) return out;
  }
}

struct Long : RequestHandler {
  Future<void> get() {
    const std::string type = get_argument("type", "");
    if (!type.empty()) set_header("Content-Type", type);
    if (request.path == "/vary") set_header("Vary", "Cookie");
    if (request.path == "/coded") set_header("Content-Encoding", "br");
    if (request.path == "/part") set_status(206);
    if (request.path == "/none") set_status(204);
    if (request.path == "/none") {
      co_await flush();
      co_return;
    }
    const bool flushed = request.path == "/flush";
    write(std::string(static_cast<std::size_t>(std::stoi(get_argument("n", "2000"))), 'x'));
    if (flushed) {
      co_await flush();
      write("end");
    }
  }
  Future<void> head() { return get(); }
};

class GzipTest : public HandlersTest {
 protected:
  GzipTest() : app_({url<Long>("/.*")}, settings()) {}
  static Settings settings() {
    Settings settings;
    settings.compress_response = true;
    return settings;
  }
  Exchange ask(const std::string& path, const std::string& accepted = "gzip, deflate",
               const std::string& method = "GET") {
    Exchange exchange(app_, method, path, {{"Accept-Encoding", accepted}});
    advance(0);
    return exchange;
  }
  static bool zipped(const Exchange& exchange) {
    return exchange->sent_headers.get("Content-Encoding") == "gzip";
  }

  Application app_;
};

// ST-05 WX-11
TEST_F(GzipTest, compress_response_sends_gzip_to_clients_that_accept_it) {
  const Exchange plain = ask("/", "");
  EXPECT_FALSE(zipped(plain));
  EXPECT_EQ(plain->sent_headers["Vary"], "Accept-Encoding");
  EXPECT_EQ(plain->sent_headers["Content-Length"], "2000");
  const Exchange get = ask("/");
  EXPECT_TRUE(zipped(get));
  EXPECT_EQ(get->sent_headers["Vary"], "Accept-Encoding");
  EXPECT_EQ(get->sent_headers["Content-Length"], std::to_string(get->body.size()));
  EXPECT_LT(get->body.size(), 100U);
  EXPECT_EQ(gunzip(get->body), std::string(2000, 'x'));
  EXPECT_EQ(get->sent_headers["Etag"], plain->sent_headers["Etag"]);
}

// WX-11
TEST_F(GzipTest, the_client_may_refuse_it) {
  EXPECT_TRUE(zipped(ask("/", "br;q=1, GZIP;q=0.5")));
  EXPECT_TRUE(zipped(ask("/", "x-gzip")));
  EXPECT_FALSE(zipped(ask("/", "gzip;q=0")));
  EXPECT_FALSE(zipped(ask("/", "gzip ; Q=0.000, br")));
  EXPECT_FALSE(zipped(ask("/", "gzipped, deflate")));
}

// WX-11
TEST_F(GzipTest, small_bodies_and_other_types_stay_as_they_are) {
  EXPECT_FALSE(zipped(ask("/?n=1023")));
  EXPECT_TRUE(zipped(ask("/?n=1024")));
  for (const char* type : {"text/x-own", "application/json;%20charset=UTF-8", "image/svg%2Bxml",
                           "application/javascript", "application/atom%2Bxml"}) {
    EXPECT_TRUE(zipped(ask(std::string("/?type=") + type))) << type;
  }
  for (const char* type : {"image/png", "application/octet-stream", "application/jsonx"}) {
    EXPECT_FALSE(zipped(ask(std::string("/?type=") + type))) << type;
  }
  EXPECT_FALSE(zipped(ask("/part")));
  const Exchange coded = ask("/coded");
  EXPECT_EQ(coded->sent_headers["Content-Encoding"], "br");
  EXPECT_EQ(coded->body, std::string(2000, 'x'));
}

// WX-11
TEST_F(GzipTest, Vary_keeps_what_it_has) {
  EXPECT_EQ(ask("/vary")->sent_headers["Vary"], "Cookie, Accept-Encoding");
  const Exchange none = ask("/none");
  EXPECT_EQ(none->sent_headers["Vary"], "Accept-Encoding");
  EXPECT_EQ(none->body, "");
}

// WX-11
TEST_F(GzipTest, what_is_flushed_is_compressed_whatever_its_size) {
  const Exchange get = ask("/flush?n=10");
  EXPECT_TRUE(zipped(get));
  EXPECT_FALSE(get->sent_headers.contains("Content-Length"));
  EXPECT_EQ(get->pieces, 2);
  EXPECT_EQ(gunzip(get->body), "xxxxxxxxxxend");
}

// WX-11
TEST_F(GzipTest, HEAD_has_the_headers_of_the_compressed_body) {
  const Exchange get = ask("/");
  const Exchange head = ask("/", "gzip", "HEAD");
  EXPECT_EQ(head->body, "");
  EXPECT_EQ(head->sent_headers["Content-Length"], get->sent_headers["Content-Length"]);
  EXPECT_TRUE(zipped(head));
}

// WX-11
TEST_F(GzipTest, a_304_of_a_compressed_page) {
  const std::string tag = ask("/")->sent_headers["Etag"];
  const Exchange same(app_, "GET", "/", {{"Accept-Encoding", "gzip"}, {"If-None-Match", tag}});
  EXPECT_EQ(same->code, 304);
  EXPECT_EQ(same->body, "");
  EXPECT_EQ(same->sent_headers["Vary"], "Accept-Encoding");
  EXPECT_FALSE(same->sent_headers.contains("Content-Encoding"));
}

// WX-11
TEST_F(HandlersTest, level_and_limits_can_be_chosen) {
  Application app({url<Long>("/.*")});
  app.add_transform([](const httputil::HTTPServerRequest& request) {
    GZipContentEncoding::Options options;
    options.min_length = 10;
    options.level = 1;
    options.content_types = {"application/own"};
    return std::make_unique<GZipContentEncoding>(request, options);
  });
  const auto zipped = [&](const std::string& path) {
    return Exchange(app, "GET", path, {{"Accept-Encoding", "gzip"}})
        ->sent_headers.contains("Content-Encoding");
  };
  EXPECT_TRUE(zipped("/?n=10"));
  EXPECT_FALSE(zipped("/?n=9"));
  EXPECT_TRUE(zipped("/?type=application/own"));
  EXPECT_FALSE(zipped("/?type=application/json"));
}

}  // namespace
}  // namespace tornado::web
