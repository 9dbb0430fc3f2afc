// Text 003, 8: a redirect that keeps a part of the path.
#include <tornado/ioloop.h>

#include "seeds.h"

using namespace tornado;

namespace {

struct MyPhotoHandler : web::RequestHandler {
  void get(std::string name) { write("photo " + name); }
};

}  // namespace

void seeds::redirect_pictures(int argc, char** argv) {
  web::Application app({
      // [routes]
      web::url<MyPhotoHandler>("/photos/(.*)"),
      // The text writes \1 for the group. Python's Tornado sends that literally; here it is another
      // way to write {0}.
      web::url<web::RedirectHandler>("/pictures/(.*)", {.url = "/photos/\\1"}),
      // [/routes]
  });
  listen(app, port(argc, argv));
  ioloop::IOLoop::current().start();
}
