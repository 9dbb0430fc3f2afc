// Text 000, 2: the right way. An asynchronous handler is open until it calls finish().
#include <tornado/ioloop.h>

#include "seeds.h"

using namespace tornado;

namespace {

struct MainHandler : web::RequestHandler {
  // [get]
  web::asynchronous get() {
    write("Hello, world");
    finish();
    return {};
  }
  // [/get]
};

}  // namespace

void seeds::finished_by_hand(int argc, char** argv) {
  web::Application app({web::url<MainHandler>("/")});
  listen(app, port(argc, argv));
  ioloop::IOLoop::instance().start();
}
