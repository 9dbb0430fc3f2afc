#include <gtest/gtest.h>

#include <exception>
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

class Site {
 public:
  explicit Site(Story& story) : story_(story), port_(app_.listen(loop_, 0).port()) {}

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
  mini::Application app_{{mini::url<NotingHandler>("/(.*)", "", &events_)}};
  std::uint16_t port_;
};

std::string page(const std::string& line) {
  return "<html><title>" + line + "</title><body>" + line + "</body></html>";
}

TEST(Life, a_page) {
  Story story("This one passes with the starter: nothing happens on the way.");
  Site site(story);
  story.expect("the response", std::string("200 half a page"), site.get("/page"));
  story.expect("what was called", Events{"prepare", "get", "on_finish"}, site.events());
}

TEST(Life, a_verb_that_throws_an_HTTPError) {
  Story story(
      "An HTTPError is a response and not an accident: the code that threw it chose the status.");
  Site site(story);
  story.expect("the response", "404 " + page("404: Not Found"), site.get("/missing"));
}

TEST(Life, prepare_that_answers) {
  Story story(
      "prepare() may have responded: it checks who you are, and sends you away. Then the verb is "
      "not called;\n"
      "  nothing is called after the response.");
  Site site(story);
  story.expect("the response", std::string("200 from prepare"), site.get("/prepared"));
  story.expect("what was called", Events{"prepare", "on_finish"}, site.events());
}

TEST(Life, an_error_in_the_middle_of_a_page) {
  Story story(
      "Half a page and an error page do not make a page. Nothing has left before finish(), so all "
      "of it can be\n"
      "  taken back.");
  Site site(story);
  story.expect("the response", "403 " + page("403: Forbidden"), site.get("/half"));
}

TEST(Life, what_an_exception_says) {
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

TEST(Life, what_the_log_says) {
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

TEST(Life, an_error_after_the_response) {
  Story story("A request gets one response. After finish() an exception is only for the log.");
  Site site(story);
  testing::internal::CaptureStderr();
  const std::string answer = site.get("/late");
  const std::string log = testing::internal::GetCapturedStderr();
  story.expect("the response", std::string("200 half a page, whole"), answer);
  story.expect("what was called", Events{"prepare", "get", "on_finish"}, site.events());
  story.expect("the log", std::string("/late: too late\n"), log);
}

TEST(Life, a_verb_that_answers_later) {
  Story story(
      "A verb that has returned need not have responded: with auto_finish_ off, the handler keeps "
      "itself alive,\n"
      "  and finishes when it has what it waits for. If you finish for it, you send half a page.");
  Site site(story);
  story.expect("the response", std::string("200 half a page, later"), site.get("/held"));
  story.expect("what was called", Events{"prepare", "get", "on_finish"}, site.events());
}

TEST(Life, initialize_that_answers) {
  Story story(
      "prepare() is called in any case, also if initialize() has responded: a class that you "
      "derive "
      "from may need it.\n"
      "  Only the verb depends on the response.");
  Site site(story);
  story.expect("the response", std::string("200 from initialize"), site.get("/initialized"));
  story.expect("what was called", Events{"on_finish", "prepare"}, site.events());
}

TEST(Life, on_finish_that_throws) {
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

TEST(Life, what_prepare_has_taken) {
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

}  // namespace
