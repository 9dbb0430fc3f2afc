// Text 003, 5: a form, and the text typed into it.
#include <tornado/ioloop.h>

#include "seeds.h"

using namespace tornado;

namespace {

struct MyFormHandler : web::RequestHandler {
  void get() {
    write(
        "<html><body><form action=\"/myform\" method=\"POST\">"
        "<input type=\"text\" name=\"message\">"
        "<input type=\"submit\" value=\"Submit\">"
        "</form></body></html>");
  }

  // [post]
  void post() {
    set_header("Content-Type", "text/plain");
    write("You wrote " + get_body_argument("message"));
  }
  // [/post]
};

}  // namespace

void seeds::form(int argc, char** argv) {
  web::Application app({web::url<MyFormHandler>("/myform")});
  listen(app, port(argc, argv));
  ioloop::IOLoop::current().start();
}
