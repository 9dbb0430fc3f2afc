// A chat without WebSockets: a browser asks for news, and the response waits until there are some.
#include <tornado/bus.h>
#include <tornado/httpserver.h>
#include <tornado/ioloop.h>
#include <tornado/options.h>
#include <tornado/systemd.h>
#include <tornado/web.h>
#ifdef WITH_REDIS
#include <tornado/redisbus.h>
#endif

#include <cstdio>
#include <stdexcept>

#include "handlers.h"

using namespace tornado;

int main(int argc, char** argv) try {
  options::define<int>("port", 8888, "port to listen on; 0 takes any free one");
  options::define<std::string>("bus", "local", "where messages go: local, or redis://host:port");
  options::parse_command_line(argc, argv);

  bus::BusOptions limits;
  limits.max_messages = chat::kRemembered;
  const auto bus = bus::open(options::get<std::string>("bus"), limits);
  web::Settings settings;
  settings.xsrf_cookies = true;
  web::Application app(chat::routes(bus.get()), settings);
  httpserver::HTTPServer server(app);
  systemd::listen(server, options::get<int>("port"));

  std::printf("listening on http://127.0.0.1:%d\n", server.port());
  std::fflush(stdout);
  ioloop::run_until_signal(server);
} catch (const std::invalid_argument& error) {  // for example a bad URL of the bus
  std::fprintf(stderr, "error: %s\n", error.what());
  return 2;
}
