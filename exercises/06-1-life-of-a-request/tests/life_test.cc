#include <gtest/gtest.h>

#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "06-request-handler/application.h"
#include "support/story.h"
#include "tests/chapters/04-iostream/stream_pair.h"

namespace {

using mini::PathArgs;
using story::Story;
using Events = std::vector<std::string>;

// Records what is called, and does what its path says.
class NotingHandler : public mini::RequestHandler {
 public:
  void initialize(Events* events) {
    events_ = events;
    if (request().path() == "/initialized") finish("from initialize");
  }
  void prepare() override {
    events_->push_back("prepare");
    if (request().path() == "/prepared") finish("from prepare");
  }
  void get(const PathArgs& args) override {
    events_->push_back("get");
    if (args[0] == "missing") throw mini::HTTPError(404);
    if (args[0] == "prepared") return;  // a verb that wrote would be caught by write()
    write("half a page");
    if (args[0] == "half") throw mini::HTTPError(403);
    if (args[0] == "bug") throw std::runtime_error("the password is 12345");
    if (args[0] == "down") throw mini::HTTPError(503, "no database");
    if (args[0] == "late") {
      finish(", whole");
      throw std::runtime_error("too late");
    }
    if (args[0] == "held") {
      auto_finish_ = false;
      mini::IOLoop::current().add_callback(
          [this, self = shared_from_this()] { finish(", later"); });
    }
    if (args[0] == "fails_later") {
      auto_finish_ = false;
      mini::IOLoop::current().add_callback([this, self = shared_from_this()] {
        handle_exception(std::make_exception_ptr(mini::HTTPError(404)));
      });
    }
  }
  void on_finish() override {
    events_->push_back("on_finish");
    if (request().query() == "full") throw std::runtime_error("the disk is full");
  }

 private:
  Events* events_ = nullptr;
};

// Notes which of its verbs is called, and when its response begins.
class VerbHandler : public mini::RequestHandler {
 public:
  void initialize(Events* events) {
    events_ = events;
    events_->push_back("initialize");
  }
  void prepare() override { events_->push_back("prepare"); }
  void get(const PathArgs&) override { note("get"); }
  void post(const PathArgs&) override { note("post"); }
  void put(const PathArgs&) override { note("put"); }
  void patch(const PathArgs&) override { note("patch"); }
  void delete_(const PathArgs&) override { note("delete"); }
  void options(const PathArgs& args) override { note("options of " + args.at(0)); }

 private:
  void note(const std::string& verb) {
    events_->push_back(verb);
    write("from " + verb);
  }
  Events* events_ = nullptr;
};

// Uses what a request brings, and what a response needs.
class PageHandler : public mini::RequestHandler {
 public:
  void set_default_headers() override { set_header("Server", "mini"); }
  void get(const PathArgs& args) override {
    if (args[0] == "moved") return redirect("/new");
    if (args[0] == "moved_forever") return redirect("/new", true);
    if (args[0] == "twice") return finish_twice();
    for (const std::string& value : get_arguments("a")) write(value + ";");
    write(get_argument("b", "none"));
    write(get_argument("c"));
  }
  void post(const PathArgs& args) override { get(args); }

 private:
  void finish_twice() {
    finish("once");
    std::string refused;
    for (const auto& again : {std::function<void()>([this] { finish(); }),
                              std::function<void()>([this] { write("more"); })}) {
      try {
        again();
        refused += "done ";
      } catch (const std::logic_error&) {
        refused += "refused ";
      }
    }
    if (refused != "refused refused ") ADD_FAILURE() << "finish() and write() again: " << refused;
  }
};

class Site {
 public:
  explicit Site(Story& story) : story_(story), port_(app_.listen(loop_, 0).port()) {}

  // Returns all of the response to a request that ends its connection.
  std::string ask(const std::string& request) {
    story_.step("a client sends " + story::in_quotes(request));
    mini::Client client(port_);
    client.send(request);
    mini::settle(loop_);
    client.half_close();
    return client.read_to_end();
  }

  // Returns status and body of the response: "200 hello".
  std::string get(const std::string& path) {
    story_.step("a client asks for " + path);
    mini::Client client(port_);
    client.send("GET " + path + " HTTP/1.0\r\n\r\n");
    mini::settle(loop_);
    client.half_close();
    const std::string answer = client.read_to_end();
    return answer.substr(9, 4) + answer.substr(answer.find("\r\n\r\n") + 4);
  }
  const Events& events() const { return events_; }

 private:
  Story& story_;
  Events events_;
  mini::IOLoop loop_;
  mini::Application app_{{mini::url<VerbHandler>("/verbs/(.*)", "", &events_),
                          mini::url<PageHandler>("/page/(.*)", "page"),
                          mini::url<NotingHandler>("/(.*)", "", &events_)}};
  std::uint16_t port_;
};

std::string page(const std::string& line) {
  return "<html><title>" + line + "</title><body>" + line + "</body></html>";
}

// ---- milestone 2

TEST(Life, of_a_page) {
  Story story("initialize, prepare, the verb, in this order; then the response ends by itself.");
  Site site(story);
  const std::string answer = site.ask("GET /verbs/x HTTP/1.0\r\n\r\n");
  story.expect("the response ends with", true, answer.ends_with("\r\n\r\nfrom get"));
  story.expect("what was called", Events{"initialize", "prepare", "get"}, site.events());
}

TEST(Life, of_each_verb) {
  Story story(
      "Each method has its function. A method that has none may not reach another's function, or a "
      "pattern of routes\n"
      "  protects nothing.");
  Site site(story);
  Events expected;
  for (const std::string method : {"POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
    site.ask(method + " /verbs/x HTTP/1.0\r\n\r\n");
  }
  for (const std::string verb : {"post", "put", "patch", "delete", "options of x"}) {
    expected.insert(expected.end(), {"initialize", "prepare", verb});
  }
  story.expect("what was called", expected, site.events());
  testing::internal::CaptureStderr();
  site.ask("BREW /verbs/x HTTP/1.0\r\n\r\n");
  testing::internal::GetCapturedStderr();
  expected.insert(expected.end(), {"initialize", "prepare"});
  story.expect("what was called for BREW, too", expected, site.events());
}

// ---- milestone 3

TEST(Answers, once) {
  Story story(
      "A request gets one response. A second finish(), or a write() after it, is a mistake of the "
      "handler: std::logic_error.");
  Site site(story);
  const std::string answer = site.ask("GET /page/twice HTTP/1.0\r\n\r\n");
  story.expect("the response ends with", true, answer.ends_with("\r\n\r\nonce"));
}

TEST(Answers, on_finish_comes_last) {
  Story story("on_finish() is called once, when the response has been handed over.");
  Site site(story);
  story.expect("the response", std::string("200 half a page"), site.get("/page"));
  story.expect("what was called", Events{"prepare", "get", "on_finish"}, site.events());
}

TEST(Answers, with_headers) {
  Story story(
      "Every response has a type, and the headers of set_default_headers(). A redirect is a status "
      "and a Location.");
  Site site(story);
  const std::string moved = site.ask("GET /page/moved HTTP/1.0\r\n\r\n");
  story.expect("the status", std::string("302"), moved.substr(9, 3));
  story.expect("Location: /new", true, moved.find("Location: /new\r\n") != moved.npos);
  story.expect("Server: mini", true, moved.find("Server: mini\r\n") != moved.npos);
  story.expect("Content-Type", true,
               moved.find("Content-Type: text/html; charset=UTF-8\r\n") != moved.npos);
  const std::string forever = site.ask("GET /page/moved_forever HTTP/1.0\r\n\r\n");
  story.expect("the status of a permanent one", std::string("301"), forever.substr(9, 3));
}

TEST(Answers, to_arguments) {
  Story story(
      "Arguments come from the query and from a form, and the last of a name counts. Blanks around "
      "them are the user's, not yours.");
  Site site(story);
  const std::string query = site.ask("GET /page/x?a=1&c=+x+&a=%32 HTTP/1.0\r\n\r\n");
  story.expect("the response ends with 1;2;nonex", true, query.ends_with("\r\n\r\n1;2;nonex"));
  const std::string form = site.ask(
      "POST /page/x?a=1&c=2&b=5 HTTP/1.0\r\nContent-Length: 7\r\n"
      "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n\r\na=3&b=4");
  story.expect("the form's ends with 1;3;42", true, form.ends_with("\r\n\r\n1;3;42"));
}

TEST(Answers, prepare_that_answers) {
  Story story(
      "prepare() may have responded: it checks who you are, and sends you away. Then the verb is "
      "not called;\n"
      "  nothing is called after the response.");
  Site site(story);
  story.expect("the response", std::string("200 from prepare"), site.get("/prepared"));
  story.expect("what was called", Events{"prepare", "on_finish"}, site.events());
}

TEST(Answers, initialize_that_answers) {
  Story story(
      "prepare() is called in any case, also if initialize() has responded: a class that you "
      "derive "
      "from may need it.\n"
      "  Only the verb depends on the response.");
  Site site(story);
  story.expect("the response", std::string("200 from initialize"), site.get("/initialized"));
  story.expect("what was called", Events{"on_finish", "prepare"}, site.events());
}

TEST(Answers, a_verb_that_answers_later) {
  Story story(
      "A verb that has returned need not have responded: with auto_finish_ off, the handler keeps "
      "itself alive,\n"
      "  and finishes when it has what it waits for. If you finish for it, you send half a page.");
  Site site(story);
  story.expect("the response", std::string("200 half a page, later"), site.get("/held"));
  story.expect("what was called", Events{"prepare", "get", "on_finish"}, site.events());
}

// ---- milestone 4

TEST(Errors, a_verb_that_throws_an_HTTPError) {
  Story story(
      "An HTTPError is a response and not an accident: the code that threw it chose the status.");
  Site site(story);
  story.expect("the response", "404 " + page("404: Not Found"), site.get("/missing"));
}

TEST(Errors, an_error_in_the_middle_of_a_page) {
  Story story(
      "Half a page and an error page do not make a page. Nothing has left before finish(), so all "
      "of it can be\n"
      "  taken back.");
  Site site(story);
  story.expect("the response", "403 " + page("403: Forbidden"), site.get("/half"));
}

TEST(Errors, what_an_exception_says) {
  Story story(
      "The text of an exception is for whoever can fix it: it goes to the log. A stranger who "
      "reads it learns\n"
      "  how your program is built.");
  Site site(story);
  testing::internal::CaptureStderr();
  const std::string answer = site.get("/bug");
  const std::string log = testing::internal::GetCapturedStderr();
  story.expect("the response", "500 " + page("500: Internal Server Error"), answer);
  story.expect("the log", std::string("/bug: the password is 12345\n"), log);
}

TEST(Errors, what_the_log_says) {
  Story story(
      "A 404 is the client's error, and the client is told. A log with a line for each of them "
      "hides what you have\n"
      "  to fix: every status that begins with 5.");
  Site site(story);
  testing::internal::CaptureStderr();
  site.get("/missing");
  const std::string missing = testing::internal::GetCapturedStderr();
  story.expect("the log", std::string(), missing);
  testing::internal::CaptureStderr();
  site.get("/down");
  const std::string down = testing::internal::GetCapturedStderr();
  story.expect("the log", std::string("/down: HTTP 503: Service Unavailable (no database)\n"),
               down);
}

TEST(Errors, an_error_after_the_response) {
  Story story("A request gets one response. After finish() an exception is only for the log.");
  Site site(story);
  testing::internal::CaptureStderr();
  const std::string answer = site.get("/late");
  const std::string log = testing::internal::GetCapturedStderr();
  story.expect("the response", std::string("200 half a page, whole"), answer);
  story.expect("what was called", Events{"prepare", "get", "on_finish"}, site.events());
  story.expect("the log", std::string("/late: too late\n"), log);
}

TEST(Errors, on_finish_that_throws) {
  Story story(
      "An exception of on_finish() comes when the response has left, and is only for the log. "
      "After an error page\n"
      "  handle_exception() has to catch it: it may have been called by a callback, and never "
      "throws.");
  Site site(story);
  testing::internal::CaptureStderr();
  const std::string answer = site.get("/page?full");
  const std::string error = site.get("/missing?full");
  const std::string later = site.get("/fails_later?full");
  const std::string log = testing::internal::GetCapturedStderr();
  story.expect("the first response", std::string("200 half a page"), answer);
  story.expect("the second response", "404 " + page("404: Not Found"), error);
  story.expect("the third response", "404 " + page("404: Not Found"), later);
  story.expect("what was called",
               Events{"prepare", "get", "on_finish", "prepare", "get", "on_finish", "prepare",
                      "get", "on_finish"},
               site.events());
  const std::string full = ": the disk is full\n";
  story.expect("the log", "/page?full" + full + "/missing?full" + full + "/fails_later?full" + full,
               log);
}

TEST(Errors, what_prepare_has_taken) {
  Story story(
      "on_finish() gives back what prepare() took, so it is called whichever way a request ends.\n"
      "  Otherwise every failed request keeps that forever.");
  Site site(story);
  for (const std::string path : {"/page", "/missing", "/prepared"}) site.get(path);
  story.expect(
      "what was called",
      Events{"prepare", "get", "on_finish", "prepare", "get", "on_finish", "prepare", "on_finish"},
      site.events());
}

TEST(Errors, of_a_client) {
  Story story(
      "No route is a 404, no verb a 405, a missing argument a 400. Error pages have the default "
      "headers too.");
  Site site(story);
  const std::string missing = site.ask("GET /page/x HTTP/1.0\r\n\r\n");
  story.expect("without the argument c", std::string("400"), missing.substr(9, 3));
  story.expect("Server: mini", true, missing.find("Server: mini\r\n") != missing.npos);
  story.expect("BREW", std::string("405"), site.ask("BREW /page/x HTTP/1.0\r\n\r\n").substr(9, 3));
  story.expect("PUT", std::string("405"), site.ask("PUT /page/x HTTP/1.0\r\n\r\n").substr(9, 3));
  story.expect("no route", std::string("404"), site.ask("GET x HTTP/1.0\r\n\r\n").substr(9, 3));
}

}  // namespace
