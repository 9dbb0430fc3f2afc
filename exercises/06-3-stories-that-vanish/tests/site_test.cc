#include "06-3-stories-that-vanish/site.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "06-request-handler/application.h"
#include "support/story.h"
#include "tests/chapters/04-iostream/stream_pair.h"

namespace {

using story::Story;
using Texts = Store::Texts;
using Notes = std::vector<std::string>;

class Site {
 public:
  explicit Site(Texts texts = {{"1", "once"}, {"2", "twice"}})
      : store_(std::move(texts)), port_(app_.listen(loop_, 0).port()) {}

  // Returns the status, and where the response sends the client: "302 /story/1".
  std::string ask(const std::string& method, const std::string& uri) {
    mini::Client client(port_);
    client.send(method + " " + uri + " HTTP/1.0\r\n\r\n");
    mini::settle(loop_);
    client.half_close();
    const std::string response = client.read_to_end();
    const std::size_t location = response.find("Location: ");
    if (location == response.npos) return response.substr(9, 3);
    return response.substr(9, 4) +
           response.substr(location + 10, response.find("\r\n", location) - location - 10);
  }
  // As ask(), with a step in the story.
  std::string ask(Story& story, const std::string& method, const std::string& uri) {
    story.step("a client sends " + method + " " + uri);
    return ask(method, uri);
  }
  const Store& store() const { return store_; }

 private:
  std::vector<mini::URLSpec> routes() {
    std::vector<mini::URLSpec> all = story_routes(store_);
    for (mini::URLSpec& route : desk_routes(store_)) all.push_back(std::move(route));
    return all;
  }

  Store store_;
  mini::IOLoop loop_;
  mini::Application app_{routes()};
  std::uint16_t port_;
};

// What people do on an ordinary day, and what the stories should be afterwards. Chance is always
// the same.
class Day {
 public:
  explicit Day(Site& site) : site_(site), expected_(site.store().texts()) {}

  void request() {
    const std::string number = std::to_string(1 + chance() % 8);
    const std::string story = "/story/" + number + "?who=visitor" + std::to_string(chance() % 5);
    switch (chance() % 8) {
      case 0:
      case 1:
        return writes(number, story);
      case 2:
        site_.ask("POST", story);  // without a text
        return;
      case 3:
        site_.ask("DELETE", "/desk?number=" + number);  // without the key
        return;
      case 4:
        return renumbers(number, std::to_string(1 + chance() % 8));
      default:
        site_.ask("GET", story);
    }
  }
  const Texts& expected() const { return expected_; }

 private:
  void writes(const std::string& number, const std::string& story) {
    const std::string text = "text" + std::to_string(++last_text_);
    site_.ask("POST", story + "&text=" + text);
    expected_[number] = text;
  }
  void renumbers(const std::string& from, const std::string& to) {
    site_.ask("POST", std::string("/desk?who=keeper&key=") + kKey + "&from=" + from + "&to=" + to);
    const auto story = expected_.find(from);
    if (story == expected_.end()) return;
    const std::string text = story->second;
    expected_.erase(story);
    expected_[to] = text;
  }
  unsigned chance() {
    state_ = state_ * 1103515245 + 12345;
    return state_ >> 16;
  }

  Site& site_;
  Texts expected_;
  int last_text_ = 0;
  unsigned state_ = 11;
};

TEST(Site, a_quiet_morning) {
  Story story("This one passes on the starter.");
  Site site;
  story.expect("the response", std::string("302 /story/3"),
               site.ask(story, "POST", "/story/3?text=new"));
  story.expect("the response", std::string("200"), site.ask(story, "GET", "/story/3"));
  story.expect("the response", std::string("200"), site.ask(story, "DELETE", "/story/1"));
  story.expect("the response", std::string("404"), site.ask(story, "DELETE", "/story/1"));
  story.expect("the stories", Texts{{"2", "twice"}, {"3", "new"}}, site.store().texts());
}

TEST(Site, a_day) {
  Story story("Nobody asked for these changes. Every response was as it should be.", 10);
  Site site;
  Day day(site);
  story.step("from morning to evening, 150 requests are answered");
  for (int i = 0; i < 150; ++i) day.request();
  story.expect("the stories", day.expected(), site.store().texts());
}

TEST(Site, a_text_that_is_missing) {
  Story story("A request that ends with an error changes nothing.");
  Site site;
  story.expect("the response", std::string("400"), site.ask(story, "POST", "/story/1"));
  story.expect("the stories", Texts{{"1", "once"}, {"2", "twice"}}, site.store().texts());
}

TEST(Site, a_morning) {
  Story story("The desk is for those who have the key. Others get a 403, whatever they ask.");
  Site site;
  for (const char* method : {"GET", "POST", "DELETE", "PUT"}) {
    story.expect("the response", std::string("403"),
                 site.ask(story, method, "/desk?key=guess&number=1&from=1&to=2"));
  }
  story.expect("the stories", Texts{{"1", "once"}, {"2", "twice"}}, site.store().texts());
}

TEST(Site, an_evening) {
  Story story("What one request has changed was undone by the next, which was another visitor's.");
  Site site;
  site.ask(story, "POST", "/story/1?text=new");
  story.expect("the response", std::string("403"), site.ask(story, "DELETE", "/desk?number=2"));
  story.expect("the stories", Texts{{"1", "new"}, {"2", "twice"}}, site.store().texts());
}

TEST(Site, a_noon) {
  Story story("A request that ends with an error has changed something. It should change nothing.");
  Site site;
  site.ask(story, "POST", "/story/3?text=new");
  const std::string desk = std::string("/desk?key=") + kKey;
  story.expect("the response", std::string("404"),
               site.ask(story, "DELETE", desk + "&number=1&number=7"));
  story.expect("the stories", Texts{{"1", "once"}, {"2", "twice"}, {"3", "new"}},
               site.store().texts());
  story.expect("the response", std::string("200"),
               site.ask(story, "DELETE", desk + "&number=1&number=2"));
  story.expect("the stories", Texts{{"3", "new"}}, site.store().texts());
}

TEST(Site, a_week) {
  Story story("The journal holds changes against a visitor who did not make them, or misses some.");
  Site site;
  site.ask(story, "POST", "/story/1?who=ada&text=new");
  site.ask(story, "GET", "/story/1?who=bob");
  site.ask(story, "DELETE", std::string("/desk?who=keeper&number=1&number=2&key=") + kKey);
  site.ask(story, "POST", "/story/1?who=cleo");
  site.ask(story, "POST", "/story/4?who=dora&text=four");
  story.expect("the journal", Notes{"ada: 1", "keeper: 2", "dora: 1"}, site.store().journal());
}

}  // namespace
