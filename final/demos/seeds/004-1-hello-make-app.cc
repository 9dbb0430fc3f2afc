// Text 004, 1, and text 003, 2: hello world, as in Tornado's guide. The guide's make_app() returns
// the application; here main creates it in place.
#include <tornado/ioloop.h>

#include "seeds.h"

using namespace tornado;

namespace {

// [handler]
struct MainHandler : web::RequestHandler {
  void get() { write("Hello, world"); }
};

std::vector<web::URLSpec> routes() {
  return {web::url<MainHandler>("/")};
}
// [/handler]

}  // namespace

void seeds::hello_make_app(int argc, char** argv) {
  web::Application app(routes());
  listen(app, port(argc, argv));
  ioloop::IOLoop::current().start();
}
