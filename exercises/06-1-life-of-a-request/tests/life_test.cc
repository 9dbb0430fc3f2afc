#include <gtest/gtest.h>

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

// Notes what it is asked, and does what its path says.
class NotingHandler : public mini::RequestHandler {
 public:
  void initialize(Events* events) { events_ = events; }
  void prepare() override {
    events_->push_back("prepare");
    if (request().path() == "/prepared") finish("from prepare");
  }
  void get(const PathArgs& args) override {
    events_->push_back("get");
    if (args[0] == "missing") throw mini::HTTPError(404);
    if (args[0] == "prepared") return;  // a verb that writes would be found out by write()
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
  }
  void on_finish() override { events_->push_back("on_finish"); }

 private:
  Events* events_ = nullptr;
};

class Site {
 public:
  explicit Site(Story& story) : story_(story), port_(app_.listen(loop_, 0).port()) {}

  // Status and body of the answer: "200 hello".
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
  Story story("This one passes on the starter: nothing happens on the way.");
  Site site(story);
  story.expect("the answer", std::string("200 half a page"), site.get("/page"));
  story.expect("what was called", Events{"prepare", "get", "on_finish"}, site.events());
}

TEST(Life, a_verb_that_throws_an_HTTPError) {
  Story story("An HTTPError is an answer, and not an accident: whoever throws it has said which.");
  Site site(story);
  story.expect("the answer", "404 " + page("404: Not Found"), site.get("/missing"));
}

TEST(Life, prepare_that_answers) {
  Story story(
      "prepare() may have answered: it asks who you are, and sends you away. The verb is not "
      "called then;\n"
      "  nobody is asked after the answer.");
  Site site(story);
  story.expect("the answer", std::string("200 from prepare"), site.get("/prepared"));
  story.expect("what was called", Events{"prepare", "on_finish"}, site.events());
}

TEST(Life, an_error_in_the_middle_of_a_page) {
  Story story(
      "Half a page and an error page are no page. Nothing has left before finish(), so all of it "
      "can be\n"
      "  taken back.");
  Site site(story);
  story.expect("the answer", "403 " + page("403: Forbidden"), site.get("/half"));
}

TEST(Life, what_an_exception_says) {
  Story story(
      "What an exception says is for those who can mend it: it goes into the log. A stranger who "
      "reads it\n"
      "  learns how your program is made.");
  Site site(story);
  testing::internal::CaptureStderr();
  const std::string answer = site.get("/bug");
  const std::string log = testing::internal::GetCapturedStderr();
  story.expect("the answer", "500 " + page("500: Internal Server Error"), answer);
  story.expect("the log", std::string("/bug: the password is 12345\n"), log);
}

TEST(Life, what_the_log_says) {
  Story story(
      "A 404 is said to the client, whose error it is. A log with a line for each of them hides "
      "what you must\n"
      "  mend: what begins with 5.");
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

TEST(Life, an_error_behind_the_answer) {
  Story story(
      "What has been answered cannot be answered again. After finish() an exception is for the "
      "log, and for\n"
      "  nobody else.");
  Site site(story);
  testing::internal::CaptureStderr();
  const std::string answer = site.get("/late");
  const std::string log = testing::internal::GetCapturedStderr();
  story.expect("the answer", std::string("200 half a page, whole"), answer);
  story.expect("what was called", Events{"prepare", "get", "on_finish"}, site.events());
  story.expect("the log", std::string("/late: too late\n"), log);
}

TEST(Life, a_verb_that_answers_later) {
  Story story(
      "A verb that returns has not always answered: with auto_finish_ off it has kept itself, and "
      "finishes when\n"
      "  it has what it waits for. Whoever finishes for it sends half a page.");
  Site site(story);
  story.expect("the answer", std::string("200 half a page, later"), site.get("/held"));
  story.expect("what was called", Events{"prepare", "get", "on_finish"}, site.events());
}

TEST(Life, what_prepare_has_taken) {
  Story story(
      "on_finish() comes on every way. What prepare() took and on_finish() should give back is "
      "kept for ever by every request that fails, if it does not.");
  Site site(story);
  for (const std::string path : {"/page", "/missing", "/prepared"}) site.get(path);
  story.expect(
      "what was called",
      Events{"prepare", "get", "on_finish", "prepare", "get", "on_finish", "prepare", "on_finish"},
      site.events());
}

}  // namespace
