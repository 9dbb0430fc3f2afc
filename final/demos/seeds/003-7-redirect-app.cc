// Text 003, 7: a redirect that is a route by itself.
#include <tornado/ioloop.h>

#include "seeds.h"

using namespace tornado;

void seeds::redirect_app(int argc, char** argv) {
  web::Application app({
      web::url<web::RedirectHandler>("/app", {.url = "http://itunes.apple.com/my-app-id"}),
  });
  listen(app, port(argc, argv));
  ioloop::IOLoop::current().start();
}
