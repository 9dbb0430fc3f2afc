// A chat without WebSockets: a browser asks for news, and the response waits until there are some.
#include <tornado/httpserver.h>
#include <tornado/ioloop.h>
#include <tornado/options.h>
#include <tornado/web.h>

#include <csignal>
#include <cstdio>

#include "handlers.h"

using namespace tornado;

int main(int argc, char** argv) {
  options::define<int>("port", 8888, "port to listen on; 0 takes any free one");
  options::parse_command_line(argc, argv);

  chat::MessageBuffer buffer;
  web::Settings settings;
  settings.xsrf_cookies = true;
  web::Application app(chat::routes(&buffer), settings);
  auto& server = app.listen(options::get<int>("port"));

  std::printf("listening on http://127.0.0.1:%d\n", server.port());
  std::fflush(stdout);
  auto& loop = ioloop::IOLoop::current();
  loop.add_signal_handler(SIGTERM, [&loop](int) { loop.stop(); });
  loop.start();
}
