// Text 003, 6: prepare() runs before every verb. Here it parses a JSON body, once for all methods.
#include <tornado/ioloop.h>
#include <tornado/json.h>

#include <optional>

#include "seeds.h"

using namespace tornado;

namespace {

struct ArgumentsHandler : web::RequestHandler {
  // [prepare]
  void prepare() {
    if (!request.headers["Content-Type"].starts_with("application/json")) return;
    try {
      json_args = escape::json_decode(request.body);
    } catch (const escape::JSONDecodeError&) {
      throw web::HTTPError(400);  // without this it is a 500, as in the seed
    }
  }
  // [/prepare]

  void post() {
    if (json_args) {
      write("JSON: " + escape::json_encode(*json_args));
    } else {
      write("no JSON");
    }
  }

  std::optional<json> json_args;
};

}  // namespace

void seeds::json_arguments(int argc, char** argv) {
  web::Application app({web::url<ArgumentsHandler>("/")});
  listen(app, port(argc, argv));
  ioloop::IOLoop::current().start();
}
