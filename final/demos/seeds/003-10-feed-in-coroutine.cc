// Text 003, 10: the FriendFeed example as a coroutine.
#include <tornado/httpclient.h>
#include <tornado/ioloop.h>
#include <tornado/json.h>

#include "seeds.h"

using namespace tornado;

namespace {

struct MainHandler : web::RequestHandler {
  struct Init {
    std::string api;
  };
  void initialize(const Init& init) { api = init.api; }

  // [get]
  Future<void> get(std::string name) {
    httpclient::AsyncHTTPClient http;
    const auto response = co_await http.fetch(api + name);
    const json feed = escape::json_decode(response.body);
    write("Fetched " + std::to_string(feed["entries"].size()) + " entries from the FriendFeed API");
  }
  // [/get]

  std::string api;
};

}  // namespace

void seeds::feed_in_coroutine(int argc, char** argv) {
  const OtherServer friendfeed;
  web::Application app({web::url<MainHandler>("/(.*)", {.api = friendfeed.url("/feed/")})});
  listen(app, port(argc, argv));
  ioloop::IOLoop::current().start();
}
