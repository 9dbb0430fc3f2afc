// A handler's view of its request: attributes, arguments, files, and the body itself.
#include <tornado/gen.h>
#include <tornado/httpserver.h>
#include <tornado/routing.h>

#include <optional>
#include <string>
#include <vector>

#include "../../http/server/server_test_tools.h"
#include "../web_test_tools.h"

namespace tornado::web {
namespace {

using httputil::HTTPHeaders;

const HTTPHeaders kForm{{"Content-Type", "application/x-www-form-urlencoded"}};
const HTTPHeaders kMultipart{{"Content-Type", "multipart/form-data; boundary=b"}};

class InputTest : public WebTest {};

std::string join(const std::vector<std::string>& values) {
  std::string text;
  for (const std::string& value : values) text += "[" + value + "]";
  return text;
}

struct Getters : RequestHandler {
  void post() {
    write(join(get_arguments("a")) + join(get_query_arguments("a")) +
          join(get_body_arguments("a")) + "|" + get_argument("a") + "|" + get_query_argument("a") +
          "|" + get_body_argument("a") + "|" + join(get_arguments("a", false)) + "|" +
          get_body_argument("none", "fallback") + get_query_argument("none", "fallback") +
          join(get_arguments("none")));
  }
  void put() { write(get_body_argument("a")); }
  void patch() { write(get_query_argument("a")); }
};

// WH-25 HU-06
TEST_F(InputTest, the_query_comes_before_the_body_and_the_last_value_counts) {
  Application app({url<Getters>("/")});
  EXPECT_EQ(Exchange(app, "POST", "/?a=1&a=+2", kForm, "a=3&a=4+")->body,
            "[1][2][3][4][1][2][3][4]|4|2|4|[1][ 2][3][4 ]|fallbackfallback");
  const ExpectLog missing(log::gen_log, exactly("400 PUT /?a=1 (192.0.2.7): Missing argument a"));
  EXPECT_EQ(Exchange(app, "PUT", "/?a=1", kForm, "b=2")->code, 400);
  EXPECT_EQ(Exchange(app, "PATCH", "/?b=1", kForm, "a=2")->code, 400);
  const ExpectLog invalid(log::gen_log, "400 POST .*: Invalid unicode in a");
  EXPECT_EQ(Exchange(app, "POST", "/?a=1", kForm, "a=%ff")->code, 400);
}

struct Last : RequestHandler {
  void get() {
    if (request.path == "/one") write(get_argument("a"));
    if (request.path == "/fallback") write(get_query_argument("a", "none"));
    if (request.path == "/optional") write(get_argument("a", std::nullopt).value_or("none"));
  }
};

// WH-25
TEST_F(InputTest, one_value_that_is_not_text_is_a_400_though_another_one_is_asked_for) {
  Application app({url<Last>("/.*")});
  for (const std::string path : {"/one", "/fallback", "/optional"}) {
    EXPECT_EQ(Exchange(app, "GET", path + "?a=no&a=yes")->body, "yes");
    EXPECT_EQ(Exchange(app, "GET", path + "?a=%ff&a=yes")->code, 400) << path;
  }
}

struct Optional : RequestHandler {
  void post() {
    write(get_argument("a", std::nullopt).value_or("none") + "|" +
          get_argument("a", std::nullopt, false).value_or("none") + "|" +
          get_query_argument("a", std::nullopt).value_or("none") + "|" +
          get_body_argument("a", std::nullopt).value_or("none"));
  }
};

// WH-25
TEST_F(InputTest, nullopt_as_the_default_tells_whether_the_argument_is_there) {
  Application app({url<Optional>("/")});
  EXPECT_EQ(Exchange(app, "POST", "/", kForm, "a=+1")->body, "1| 1|none|1");
  EXPECT_EQ(Exchange(app, "POST", "/?a=2", kForm, "b=1")->body, "2|2|2|none");
  EXPECT_EQ(Exchange(app, "POST", "/?a=", kForm)->body, "|||none");
  EXPECT_EQ(Exchange(app, "POST", "/", kForm)->body, "none|none|none|none");
}

// Lines that look as in Python and would mean something else here: the first three pass a number as
// `strip`, or read from a null pointer; the others make a string_view of a name and its value.
template <class H>
concept TakesNumbers = requires(const H& handler) { handler.get_argument("a", 1); } ||
                       requires(const H& handler) { handler.get_query_argument("a", 0); } ||
                       requires(const H& handler) { handler.get_body_argument("a", 2.5); };
template <class H>
concept TakesNull = requires(const H& handler) { handler.get_argument("a", nullptr); } ||
                    requires(const H& handler) { handler.get_query_argument("a", nullptr); } ||
                    requires(const H& handler) { handler.get_body_argument("a", nullptr); } ||
                    requires(const H& handler) { handler.get_cookie("a", nullptr); } ||
                    requires(H& handler) { handler.finish(nullptr); };
template <class H>
concept TakesBraces = requires(H& handler) { handler.write({"id", 7}); } ||
                      requires(H& handler) { handler.write({"name", "x"}); } ||
                      requires(H& handler) { handler.write({{"id", 7}, {"name", "x"}}); } ||
                      requires(H& handler) { handler.finish({"id", 7}); } ||
                      requires(H& handler) { handler.finish({{"name", "x"}}); };
template <class H>
concept TakesText = requires(H& handler, const char* bytes, std::size_t size) {
  handler.write({bytes, size});
  handler.get_argument("a", "text");
  handler.get_argument("a", true);
};
static_assert(!TakesNumbers<RequestHandler> && !TakesNull<RequestHandler> &&
              !TakesBraces<RequestHandler> && TakesText<RequestHandler>);

struct Files : RequestHandler {
  void post() {
    write(std::to_string(request.body.size()) + ";");
    for (const auto& [name, files] : request.files()) {
      for (const httputil::HTTPFile& file : files) {
        write(name + "," + file["filename"] + "," + file["content_type"] + "," + file["body"] +
              ";");
      }
    }
    write(get_argument("a", "none"));
  }
};

// WH-28
TEST_F(InputTest, files_arguments_and_the_body) {
  Application app({url<Files>("/")});
  const std::string body =
      "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n"
      "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.txt\"\r\n"
      "Content-Type: text/plain\r\n\r\ndata\r\n--b--\r\n";
  EXPECT_EQ(Exchange(app, "POST", "/", kMultipart, body)->body,
            std::to_string(body.size()) + ";f,x.txt,text/plain,data;1");
  EXPECT_EQ(Exchange(app, "POST", "/", {{"Content-Type", "application/json"}}, "{}")->body,
            "2;none");
}

// HU-17
TEST_F(InputTest, a_form_that_cannot_be_read_is_a_400_and_one_line_of_the_log) {
  Application app({url<Files>("/")});
  const test::LogLines log;
  EXPECT_EQ(Exchange(app, "POST", "/", kMultipart, "--b\r\nContent-Disposition: x")->code, 400);
  EXPECT_EQ(log.count("400 POST / (192.0.2.7): multipart/form-data missing headers"), 1U);
  EXPECT_EQ(log.count(""), 2U) << "and the access log";
  EXPECT_EQ(Exchange(app, "POST", "/", kForm, std::string(100'000, '&'))->code, 400);
  EXPECT_EQ(log.count("the form has too many fields"), 1U);
}

// A terminal that shows the log treats the bytes from 0x80 to 0x9f as control characters.
TEST_F(InputTest, the_access_log_has_no_byte_above_ASCII) {
  Application app({url<Files>("/")});
  const test::LogLines log;
  EXPECT_EQ(Exchange(app, "GET",
                     "/\x9b"
                     "31mred\xc2\x9b\xff")
                ->code,
            404);
  EXPECT_EQ(log.count("404 GET /\\x9b31mred\\xc2\\x9b\\xff (192.0.2.7) "), 1U);
}

struct Attributes : RequestHandler {
  void get(PathArgs) {
    const Application& app = application;
    write(request.method + " " + request.path + " " + settings().extra.at("name") + " " +
          app.settings().extra.at("name") + " " + path_args().at(0).value_or("none") + " " +
          path_kwargs().find("who")->second.value_or("none"));
  }
};

// WH-27 ST-15
TEST_F(InputTest, request_application_settings_and_path_arguments) {
  Settings settings;
  settings.extra["name"] = "blue";
  Application app({url<Attributes>("/(?P<who>[a-z]*)")}, settings);
  EXPECT_EQ(Exchange(app, "GET", "/ann")->body, "GET /ann blue blue ann ann");
}

// ---- HU-16: a streaming handler behind a router -------------------------------------------------

struct Streaming : RequestHandler {
  void prepare() { request.connection->set_max_body_size(10); }
  Future<void> data_received(std::string chunk) {
    const Future<void> turn = gen::sleep(0.001);
    co_await turn;
    size += chunk.size();
  }
  void post() { write("got " + std::to_string(size)); }
  std::size_t size = 0;
};

// HU-16 WH-40
TEST(StreamingBehindARouter, pieces_and_limits_pass_through) {
  ioloop::IOLoop loop;
  const test::LogLines log;
  Application app({url<Streaming>("/in/stream")});
  routing::RuleRouter router({{"/in/.*", app}});
  httpserver::HTTPServer server(router);
  server.listen(0, "127.0.0.1");
  const std::string head = "POST /in/stream HTTP/1.1\r\nHost: x\r\nContent-Length: ";
  test::Client client(loop, server.port());
  client.send(head + "10\r\nExpect: 100-continue\r\n\r\n");
  client.until("100 Continue");
  client.send("01234");
  client.send("56789");
  client.until("got 10");
  client.take();
  client.send(head + "11\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_TRUE(client.until_end().starts_with("HTTP/1.1 413 "));
}

}  // namespace
}  // namespace tornado::web
