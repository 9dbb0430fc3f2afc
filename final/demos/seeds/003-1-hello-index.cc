// Text 003, 1: the first program: a page handler, an application with its routes, a port, the loop.
#include <tornado/ioloop.h>

#include "seeds.h"

using namespace tornado;

namespace {

struct IndexHandler : web::RequestHandler {
  // Responds to GET. A method without a function of its name gets a 405.
  void get() { write("Hello world!"); }
};

}  // namespace

void seeds::hello_index(int argc, char** argv) {
  web::Application app({web::url<IndexHandler>("/")});
  listen(app, port(argc, argv));
  ioloop::IOLoop::current().start();
}
