// A server of static files for tests/clients/test_static.py; static_app.py beside it is the same
// program on Python's Tornado.
#include <tornado/httpserver.h>
#include <tornado/ioloop.h>
#include <tornado/options.h>
#include <tornado/static_file_handler.h>

#include <csignal>
#include <cstdio>
#include <string>

using namespace tornado;

namespace {

struct HelloHandler : web::RequestHandler {
  void get() { write("Hello, world"); }
};

struct UrlHandler : web::RequestHandler {
  void get() {
    include_host = !get_argument("include_host", "").empty();
    write(static_url(get_argument("path")));
  }
};

}  // namespace

int main(int argc, char** argv) {
  options::define<std::string>("folder", "", "what is served");
  options::define<bool>("compress", false, "setting compress_response");
  options::parse_command_line(argc, argv);
  const auto folder = options::get<std::string>("folder");
  web::Settings settings;
  settings.static_path = folder;
  settings.compress_response = options::get<bool>("compress");
  web::Application app({web::url<HelloHandler>("/"), web::url<UrlHandler>("/url"),
                        web::url<web::StaticFileHandler>(
                            "/index/(.*)", {.path = folder, .default_filename = "index.html"}),
                        web::url<web::StaticFileHandler>(
                            "(//.*)", {.path = folder, .default_filename = "index.html"})},
                       settings);
  const auto& server = app.listen(0, "127.0.0.1");
  std::printf("listening on http://127.0.0.1:%d\n", server.port());
  std::fflush(stdout);
  auto& loop = ioloop::IOLoop::current();
  loop.add_signal_handler(SIGTERM, [&loop](int) { loop.stop(); });
  loop.start();
}
