// A folder served as static files, and nothing else: measured beside nginx by static_bench.py.
#include <tornado/httpserver.h>
#include <tornado/ioloop.h>
#include <tornado/options.h>
#include <tornado/static_file_handler.h>

#include <string>

using namespace tornado;

int main(int argc, char** argv) {
  options::define<int>("port", 8888, "port to listen on");
  options::define<std::string>("folder", ".", "what is served, from / on");
  options::parse_command_line(argc, argv);
  web::Application app(
      {web::url<web::StaticFileHandler>("/(.*)", {.path = options::get<std::string>("folder")})});
  app.listen(options::get<int>("port"), "127.0.0.1");
  ioloop::IOLoop::current().start();
}
