#include <gtest/gtest.h>

#include <string>

#include "site.h"

namespace {

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
  testing::internal::CaptureStderr();
  site.get("/odd");
  const std::string odd = testing::internal::GetCapturedStderr();
  story.expect("the log begins with", std::string("/odd: "), odd.substr(0, 6));
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
  testing::internal::CaptureStderr();
  site.get("/failed");
  const std::string failed = testing::internal::GetCapturedStderr();
  story.expect("the log", std::string("/failed: HTTP 500: Internal Server Error (no idea)\n"),
               failed);
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

TEST(Errors, an_error_page_of_a_class) {
  Story story(
      "write_error() is the handler's code: it may finish the response itself, and it may throw. "
      "The "
      "client gets what\n"
      "  was written by then, the log the reason.");
  Site site(story);
  story.expect("the response", std::string("404 sorry, 404, and good-bye"),
               site.get("/error/finished"));
  testing::internal::CaptureStderr();
  const std::string answer = site.get("/error/thrown");
  const std::string log = testing::internal::GetCapturedStderr();
  story.expect("the response", std::string("404 sorry, 404"), answer);
  story.expect("the log begins with", std::string("/error/thrown: "), log.substr(0, 15));
  story.expect("it has the reason", true, log.find("no template") != log.npos);
  story.step("a handler calls send_error() after its response");
  story.expect("the response", std::string("202 a page"), site.get("/error/sent"));
  story.expect("send_error() throws std::logic_error, and changes nothing",
               Events{"refused, status 202"}, site.events());
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
