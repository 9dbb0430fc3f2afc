#include "06-request-handler/request_handler.h"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "../04-iostream/stream_pair.h"
#include "06-request-handler/application.h"

namespace mini {
namespace {

using Events = std::vector<std::string>;

// Records what is called, and does what its path says.
class NotingHandler : public RequestHandler {
 public:
  void initialize(Events* events) {
    events_ = events;
    events_->push_back("initialize");
  }
  void set_default_headers() override { set_header("Server", "mini"); }
  void prepare() override {
    events_->push_back("prepare");
    if (request().path() == "/prepare") finish("prepared");
  }
  void get(const PathArgs& args) override {
    events_->push_back("get");
    if (args[0] == "throw") throw std::runtime_error("no luck");
    if (args[0] == "odd") throw 5;
    if (args[0] == "teapot") throw HTTPError(418, "for the log");
    if (args[0] == "late") {
      finish("done");
      throw std::runtime_error("too late");
    }
    write("got " + args[0]);
  }
  void on_finish() override { events_->push_back("on_finish"); }

 private:
  Events* events_ = nullptr;
};

class ArgumentHandler : public RequestHandler {
 public:
  void get(const PathArgs&) override {
    for (const std::string& value : get_arguments("a")) write(value + ";");
    write(" " + get_argument("b", "none") + " " + get_argument("c"));
  }
  void post(const PathArgs& args) override { get(args); }
};

class RedirectHandler : public RequestHandler {
 public:
  void get(const PathArgs&) override { redirect(reverse_url("named", {"x y"}), true); }
};

class BadPageHandler : public RequestHandler {
 public:
  void get(const PathArgs&) override { throw HTTPError(400); }
  void write_error(int status) override {
    write("<h1>" + std::to_string(status) + "</h1>");
    if (request().query() == "worse") throw std::runtime_error("worse");
  }
};

class WebTest : public testing::Test {
 protected:
  WebTest() { server_ = &app_.listen(loop_, 0); }

  // Returns all that a client receives that sends `bytes` and then shuts down its sending side.
  std::string ask(const std::string& bytes) {
    Client client(server_->port());
    client.send(bytes);
    client.half_close();
    settle(loop_);
    return client.read_to_end();
  }
  std::string get(const std::string& uri) {
    return ask("GET " + uri + " HTTP/1.1\r\nHost: h\r\n\r\n");
  }
  static std::string body_of(const std::string& answer) {
    return answer.substr(answer.find("\r\n\r\n") + 4);
  }

  Events events_;
  Application app_{{
      url<NotingHandler>("/do/(.*)", "named", &events_),
      url<NotingHandler>("/(prepare)", "", &events_),
      url<ArgumentHandler>("/arguments"),
      url<RedirectHandler>("/redirect"),
      url<BadPageHandler>("/bad"),
      url<ArgumentHandler>("/do/never"),
  }};
  IOLoop loop_;
  HTTPServer* server_ = nullptr;
};

TEST_F(WebTest, a_request_has_its_life_in_this_order) {
  EXPECT_EQ(body_of(get("/do/it")), "got it");
  EXPECT_EQ(events_, (Events{"initialize", "prepare", "get", "on_finish"}));
}

TEST_F(WebTest, the_first_route_wins) {
  EXPECT_EQ(body_of(get("/do/never")), "got never");
}

TEST_F(WebTest, no_verb_runs_after_prepare_has_finished_the_response) {
  EXPECT_EQ(body_of(get("/prepare")), "prepared");
  EXPECT_EQ(events_, (Events{"initialize", "prepare", "on_finish"}));
}

TEST_F(WebTest, an_exception_in_a_verb_becomes_an_error_page) {
  testing::internal::CaptureStderr();
  const std::string answer = get("/do/throw");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 500 Internal Server Error\r\n"));
  EXPECT_NE(answer.find("Server: mini\r\n"), answer.npos);
  EXPECT_EQ(body_of(answer),
            "<html><title>500: Internal Server Error</title>"
            "<body>500: Internal Server Error</body></html>");
  EXPECT_TRUE(get("/do/odd").starts_with("HTTP/1.1 500 "));
  EXPECT_TRUE(get("/do/teapot").starts_with("HTTP/1.1 418 "));
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "/do/throw: no luck\n/do/odd: an exception of an unknown type\n");
  EXPECT_EQ(events_.back(), "on_finish");
}

TEST_F(WebTest, an_exception_after_the_response_is_only_logged) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(body_of(get("/do/late")), "done");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "/do/late: too late\n");
}

TEST_F(WebTest, a_handler_with_its_own_error_page) {
  EXPECT_EQ(body_of(get("/bad")), "<h1>400</h1>");
  testing::internal::CaptureStderr();
  EXPECT_EQ(body_of(get("/bad?worse")), "<h1>400</h1>");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "/bad?worse: write_error: worse\n");
}

TEST_F(WebTest, no_route_is_404_and_no_verb_is_405) {
  EXPECT_TRUE(get("/nowhere").starts_with("HTTP/1.1 404 "));
  for (const std::string method : {"HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"}) {
    EXPECT_TRUE(ask(method + " /do/it HTTP/1.1\r\nHost: h\r\n\r\n").starts_with("HTTP/1.1 405 "))
        << method;
  }
}

TEST_F(WebTest, arguments_of_the_query_and_of_a_form) {
  EXPECT_EQ(body_of(get("/arguments?a=1&c=+x+&a=%32")), "1;2; none x");
  const std::string form = "a=3&b=4";
  EXPECT_EQ(body_of(ask("POST /arguments?a=1&c=2 HTTP/1.1\r\nHost: h\r\nContent-Length: 7\r\n"
                        "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n\r\n" +
                        form)),
            "1;3; 4 2");
}

TEST_F(WebTest, a_missing_argument_is_400) {
  EXPECT_TRUE(get("/arguments").starts_with("HTTP/1.1 400 "));
}

TEST_F(WebTest, redirect) {
  const std::string answer = get("/redirect");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 301 Moved Permanently\r\n"));
  EXPECT_NE(answer.find("Location: /do/x%20y\r\n"), answer.npos);
  EXPECT_THROW(app_.reverse_url("unknown"), std::out_of_range);
}

TEST(RequestHandler, a_second_response_throws) {
  IOLoop loop;
  struct TwiceHandler : RequestHandler {
    void get(const PathArgs&) override {
      finish();
      EXPECT_THROW(finish(), std::logic_error);
      EXPECT_THROW(write("more"), std::logic_error);
      EXPECT_THROW(send_error(500), std::logic_error);
    }
  };
  Application app({url<TwiceHandler>("/")});
  Client client(app.listen(loop, 0).port());
  client.send("GET / HTTP/1.0\r\n\r\n");
  settle(loop);
  EXPECT_TRUE(client.read_to_end().starts_with("HTTP/1.1 200 "));
}

}  // namespace
}  // namespace mini
