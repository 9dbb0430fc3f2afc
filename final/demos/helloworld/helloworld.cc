// The smallest application: one handler, one route, one loop.
#include <tornado/httpserver.h>
#include <tornado/ioloop.h>
#include <tornado/options.h>
#include <tornado/web.h>

#include <cstdio>

using namespace tornado;

struct MainHandler : web::RequestHandler {
  void get() { write("Hello, world"); }
};

int main(int argc, char** argv) {
  options::define<int>("port", 8888, "port to listen on; 0 takes any free one");
  options::define<std::string>("address", "", "address to listen on; empty means all of them");
  options::parse_command_line(argc, argv);

  // [serve]
  web::Application app({web::url<MainHandler>("/")});
  auto& server = app.listen(options::get<int>("port"), options::get<std::string>("address"));

  std::printf("listening on http://127.0.0.1:%d\n", server.port());
  std::fflush(stdout);
  ioloop::run_until_signal(server);
  // [/serve]
}
