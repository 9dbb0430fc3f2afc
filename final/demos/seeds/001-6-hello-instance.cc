// Text 001, 6: the hello world of Tornado's first page, on the main thread's loop.
#include <tornado/ioloop.h>

#include "seeds.h"

using namespace tornado;

namespace {

struct MainHandler : web::RequestHandler {
  void get() { write("Hello, world"); }
};

}  // namespace

void seeds::hello_instance(int argc, char** argv) {
  web::Application application({web::url<MainHandler>("/")});
  listen(application, port(argc, argv));  // opens the socket; nothing blocks here
  ioloop::IOLoop::instance().start();     // handles what comes in
}
