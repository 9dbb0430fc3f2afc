// Text 000, 4: the same image, by a coroutine. It awaits a future that is already done: a coroutine
// need not know whether its await takes time.
#include <tornado/ioloop.h>

#include "image.h"
#include "seeds.h"

using namespace tornado;

namespace {

struct IndexHandler : web::RequestHandler {
  // [get]
  Future<void> get(std::string filename) {
    const std::string content = co_await read_img(filename);
    if (content.empty()) {
      send_error(404);
    } else {
      set_header("Content-Type", "image/png");
      write(content);
    }
  }

  static Future<std::string> read_img(const std::string& filename) {
    Future<std::string> future;
    future.set_result(seeds::read_image(filename));
    return future;
  }
  // [/get]
};

}  // namespace

void seeds::file_by_coroutine(int argc, char** argv) {
  web::Application app({web::url<IndexHandler>("/static/(.*)")});
  listen(app, port(argc, argv));
  ioloop::IOLoop::instance().start();
}
