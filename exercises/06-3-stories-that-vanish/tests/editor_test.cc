#include "06-3-stories-that-vanish/editor.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "06-request-handler/application.h"
#include "support/story.h"
#include "tests/chapters/04-iostream/stream_pair.h"

namespace {

using story::Story;
using Texts = std::map<std::string, std::string>;

class Site {
 public:
  explicit Site(Story& story) : story_(story), port_(app_.listen(loop_, 0).port()) {}

  // Returns the status, and where the response sends the client: "302 /login".
  std::string ask(const std::string& method, const std::string& uri) {
    story_.step("a client sends " + method + " " + uri);
    testing::internal::CaptureStderr();  // an exception after the response is only logged
    mini::Client client(port_);
    client.send(method + " " + uri + " HTTP/1.0\r\n\r\n");
    mini::settle(loop_);
    client.half_close();
    const std::string answer = client.read_to_end();
    testing::internal::GetCapturedStderr();
    const std::size_t location = answer.find("Location: ");
    if (location == answer.npos) return answer.substr(9, 3);
    return answer.substr(9, 4) +
           answer.substr(location + 10, answer.find("\r\n", location) - location - 10);
  }
  const Texts& texts() const { return stories_.texts; }

 private:
  Story& story_;
  Stories stories_{{{"1", "once"}, {"2", "twice"}}, "sesame"};
  mini::IOLoop loop_;
  mini::Application app_{story_routes(stories_)};
  std::uint16_t port_;
};

const Texts kAsBefore = {{"1", "once"}, {"2", "twice"}};

TEST(Editor, a_writer_with_the_key) {
  Story story("These pass with the starter: the key is the right one.");
  Site site(story);
  story.expect("the response", std::string("302 /story/1"),
               site.ask("POST", "/story/1?key=sesame&text=new"));
  story.expect("the response", std::string("200"), site.ask("DELETE", "/story/2?key=sesame"));
  story.expect("the response", std::string("404"), site.ask("DELETE", "/story/2?key=sesame"));
  story.expect("the stories", Texts{{"1", "new"}}, site.texts());
}

TEST(Editor, a_stranger_is_shown_the_way) {
  Story story("A page that only says no does not show them the way in, as editor.h promises.");
  Site site(story);
  story.expect("the response", std::string("302 /login"), site.ask("DELETE", "/story/1"));
  story.expect("the response", std::string("302 /login"), site.ask("POST", "/story/1?text=x"));
}

TEST(Editor, a_stranger_deletes) {
  Story story("Every stranger was sent to /login, and the stories are gone all the same.");
  Site site(story);
  site.ask("DELETE", "/story/1");
  site.ask("DELETE", "/story/2?key=guess");
  story.expect("the stories", kAsBefore, site.texts());
}

TEST(Editor, a_stranger_writes) {
  Story story(
      "If every verb must make a check, one of them forgets it. There is a place that comes before "
      "all of them.");
  Site site(story);
  site.ask("POST", "/story/1?text=nonsense");
  story.expect("the stories", kAsBefore, site.texts());
}

TEST(Editor, a_verb_that_nobody_has_written_yet) {
  Story story(
      "A check in each verb is a check that the next verb has to repeat. Make it where every "
      "request comes\n"
      "  through: then a PUT is safe before somebody writes put().");
  Site site(story);
  story.expect("the response", std::string("302 /login"), site.ask("PUT", "/story/1?text=x"));
  story.expect("the response", std::string("302 /login"), site.ask("PATCH", "/story/1?text=x"));
  story.expect("the response", std::string("405"), site.ask("PUT", "/story/1?key=sesame&text=x"));
}

TEST(Editor, a_stranger_reads) {
  Story story("A gate that lets nobody in keeps the readers out too.");
  Site site(story);
  story.expect("the response", std::string("200"), site.ask("GET", "/story/1"));
  story.expect("the response", std::string("404"), site.ask("GET", "/story/3"));
}

}  // namespace
