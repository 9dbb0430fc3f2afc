#include <tornado/httpserver.h>
#include <tornado/ioloop.h>
#include <tornado/options.h>

#include <cstdio>

#include "app.h"

using namespace tornado;

int main(int argc, char** argv) {
  options::define<int>("port", 8888, "port to listen on; 0 takes any free one");
  options::define<std::string>("templates", "",
                               "folder of the pages; empty: the one in the sources");
  options::parse_command_line(argc, argv);

  const auto app = make_application(options::get<std::string>("templates"));
  auto& server = app->listen(options::get<int>("port"));
  std::printf("listening on http://127.0.0.1:%d\n", server.port());
  std::fflush(stdout);
  ioloop::run_until_signal(server);
}
