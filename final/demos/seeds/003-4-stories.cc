// Text 003, 4: a number in the path, and a database that every handler of the route gets.
#include <tornado/ioloop.h>

#include <map>

#include "seeds.h"

using namespace tornado;

namespace {

using Database = std::map<int, std::string>;

struct MainHandler : web::RequestHandler {
  void get() { write("<a href=\"" + reverse_url("story", 1) + "\">link to story 1</a>"); }
};

// [handler]
struct StoryHandler : web::RequestHandler {
  struct Init {
    const Database* db;
  };
  void initialize(const Init& init) { db = init.db; }

  // The seed gets a string; here the parameter says that it is a number.
  void get(int story_id) {
    const auto story = db->find(story_id);
    if (story == db->end()) throw web::HTTPError(404);
    write("this is story " + std::to_string(story_id) + ": " + story->second);
  }

  const Database* db = nullptr;
};
// [/handler]

}  // namespace

void seeds::stories(int argc, char** argv) {
  const Database db = {{1, "the tortoise"}, {2, "the hare"}};
  web::Application app({
      web::url<MainHandler>("/"),
      // [route]
      web::url<StoryHandler>("/story/([0-9]+)", {.db = &db}, "story"),
      // [/route]
  });
  listen(app, port(argc, argv));
  ioloop::IOLoop::current().start();
}
