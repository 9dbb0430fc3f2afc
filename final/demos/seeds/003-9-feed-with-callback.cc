// Text 003, 9: the FriendFeed example with callbacks. The service closed long ago; a server in this
// program takes its place.
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

  web::asynchronous get(std::string name) {
    httpclient::AsyncHTTPClient http;
    http.fetch(api + name,
               [this](const httpclient::HTTPResponse& response) { on_response(response); });
    return {};
  }

  void on_response(const httpclient::HTTPResponse& response) {
    if (response.error) throw web::HTTPError(500);
    const json feed = escape::json_decode(response.body);
    write("Fetched " + std::to_string(feed["entries"].size()) + " entries from the FriendFeed API");
    finish();
  }

  std::string api;
};

}  // namespace

void seeds::feed_with_callback(int argc, char** argv) {
  const OtherServer friendfeed;
  web::Application app({web::url<MainHandler>("/(.*)", {.api = friendfeed.url("/feed/")})});
  listen(app, port(argc, argv));
  ioloop::IOLoop::current().start();
}
