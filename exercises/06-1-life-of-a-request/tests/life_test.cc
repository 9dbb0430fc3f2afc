#include <gtest/gtest.h>

#include <string>

#include "site.h"

namespace {

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
  for (const std::string method : {"HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
    site.ask(method + " /verbs/x HTTP/1.0\r\n\r\n");
  }
  for (const std::string verb : {"head", "post", "put", "patch", "delete", "options of x"}) {
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
  story.expect("the body", std::string(), moved.substr(moved.find("\r\n\r\n") + 4));
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

}  // namespace
