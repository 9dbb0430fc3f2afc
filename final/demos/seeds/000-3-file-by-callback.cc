// Text 000, 3: an image, in the asynchronous style: the handler responds and finishes by itself.
// The file is read in one go, which blocks the loop; StaticFileHandler reads piece by piece.
#include <tornado/ioloop.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "image.h"
#include "seeds.h"

using namespace tornado;

std::string seeds::read_image(const std::string& name) {
  const auto path = std::filesystem::path("static") / name;
  if (name.find('/') != std::string::npos || !std::filesystem::is_regular_file(path)) return {};
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

namespace {

struct IndexHandler : web::RequestHandler {
  web::asynchronous get(std::string filename) {
    const std::string content = seeds::read_image(filename);
    if (content.empty()) {
      send_error(404);  // the seed's write_error(404) sends the page with status 200
    } else {
      set_header("Content-Type", "image/png");
      write(content);
      finish();
    }
    return {};
  }
};

}  // namespace

void seeds::file_by_callback(int argc, char** argv) {
  web::Application app({web::url<IndexHandler>("/static/(.*)")});
  listen(app, port(argc, argv));
  ioloop::IOLoop::instance().start();
}
