// Text 000, 1: the wrong way. The handler is asynchronous and nothing finishes it: the client
// waits, and its connection stays open.
#include <tornado/ioloop.h>

#include "seeds.h"

using namespace tornado;

namespace {

struct MainHandler : web::RequestHandler {
  web::asynchronous get() {
    write("Hello, world");
    return {};
  }
};

}  // namespace

void seeds::never_finished(int argc, char** argv) {
  web::Application app({web::url<MainHandler>("/")});
  listen(app, port(argc, argv));
  ioloop::IOLoop::instance().start();
}
