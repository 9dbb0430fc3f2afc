#include "07-2-in-a-row/limited.h"

#include <gtest/gtest.h>

#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/story.h"
#include "tests/chapters/04-iostream/stream_pair.h"

namespace {

using story::Story;
using Names = std::vector<std::string>;

// The server that Limited asks. It answers when the test tells it to.
class Server {
 public:
  Server(Story& story, std::size_t limit)
      : story_(story),
        limited_([this](const std::string& question) { return begin(question); }, limit) {}

  void ask(const std::string& question) {
    story_.step("ask(\"" + question + "\")");
    try {
      answers_[question] = limited_.ask(question);
    } catch (const std::exception& error) {
      story_.expect("ask() throws", std::string("nothing"), std::string(error.what()));
    }
    mini::settle(loop_);
  }
  void answer(const std::string& question) {
    story_.step("the server answers \"" + question + "\"");
    if (open_.count(question) > 0) open_[question].set_result("answer to " + question);
    mini::settle(loop_);
  }
  void fail(const std::string& question) {
    story_.step("the question \"" + question + "\" fails");
    open_[question].set_exception(std::make_exception_ptr(std::runtime_error("no luck")));
    mini::settle(loop_);
  }

  // Returns the outcome of a question.
  std::string came(const std::string& question) {
    const Answer& answer = answers_[question];
    if (!answer.done()) return "nothing yet";
    try {
      return answer.result();
    } catch (const std::exception& error) {
      return std::string("an exception: ") + error.what();
    }
  }
  const Names& asked() const { return asked_; }
  std::size_t running() const { return limited_.running(); }

 private:
  Answer begin(const std::string& question) {
    if (question == "???") throw std::invalid_argument("not a question");
    asked_.push_back(question);
    if (question == "two in one") ask("the second");
    return open_[question] = Answer();
  }

  Story& story_;
  mini::IOLoop loop_;
  std::map<std::string, Answer> open_;
  std::map<std::string, Answer> answers_;
  Names asked_;
  Limited limited_;
};

TEST(Limited, a_question_is_asked_and_answered) {
  Story story("This one passes on the starter.");
  Server server(story, 2);
  server.ask("a");
  story.expect("the outcome", std::string("nothing yet"), server.came("a"));
  server.answer("a");
  story.expect("the outcome", std::string("answer to a"), server.came("a"));
}

TEST(Limited, a_question_too_many) {
  Story story("A limit that nobody enforces: two at a time, and three are running.");
  Server server(story, 2);
  for (const std::string question : {"a", "b", "c"}) server.ask(question);
  story.expect("the questions asked", Names{"a", "b"}, server.asked());
  story.expect("running()", 2u, server.running());
  server.answer("b");
  story.expect("the questions asked", Names{"a", "b", "c"}, server.asked());
  server.answer("c");
  server.answer("a");
  for (const std::string question : {"a", "b", "c"})
    story.expect("the outcome", "answer to " + question, server.came(question));
  story.expect("running()", 0u, server.running());
}

TEST(Limited, one_place_is_free) {
  Story story("Only one place has become free, so only one question may start.");
  Server server(story, 2);
  for (const std::string question : {"a", "b", "c", "d", "e"}) server.ask(question);
  server.answer("a");
  story.expect("the questions asked", Names{"a", "b", "c"}, server.asked());
  story.expect("running()", 2u, server.running());
}

TEST(Limited, the_oldest_is_asked_first) {
  Story story(
      "The question that has waited longest is asked first. The other way round, it could wait "
      "forever while new ones keep coming.");
  Server server(story, 1);
  for (const std::string question : {"a", "b", "c"}) server.ask(question);
  server.answer("a");
  server.answer("b");
  story.expect("the questions asked", Names{"a", "b", "c"}, server.asked());
}

TEST(Limited, a_question_that_fails) {
  Story story(
      "A question that fails has ended too: its place is free, and its caller must hear of it. If "
      "every error keeps a place,\n"
      "  the limit shrinks to nothing.");
  Server server(story, 1);
  server.ask("a");
  server.ask("b");
  testing::internal::CaptureStderr();  // a callback that throws is logged by the loop
  server.fail("a");
  testing::internal::GetCapturedStderr();
  story.expect("the outcome of a", std::string("an exception: no luck"), server.came("a"));
  story.expect("the questions asked", Names{"a", "b"}, server.asked());
}

TEST(Limited, a_question_that_asks_another) {
  Story story(
      "Asking runs somebody else's code, and that may call ask() again. Take a question out of the "
      "queue before you\n"
      "  ask it, or it is asked twice.");
  Server server(story, 2);
  server.ask("two in one");
  story.expect("the questions asked", Names{"two in one", "the second"}, server.asked());
  story.expect("running()", 2u, server.running());
}

TEST(Limited, a_question_that_cannot_be_asked) {
  Story story(
      "A question that cannot be asked was never running, so it keeps no place. Its caller holds a "
      "future: the exception\n"
      "  belongs there, whether the question had to wait or not.");
  Server server(story, 1);
  server.ask("a");
  server.ask("???");
  server.ask("b");
  testing::internal::CaptureStderr();
  server.answer("a");
  testing::internal::GetCapturedStderr();
  story.expect("the outcome of ???", std::string("an exception: not a question"),
               server.came("???"));
  story.expect("the questions asked", Names{"a", "b"}, server.asked());
  server.answer("b");
  server.ask("???");
  story.expect("the outcome of ???", std::string("an exception: not a question"),
               server.came("???"));
  story.expect("running()", 0u, server.running());
}

}  // namespace
