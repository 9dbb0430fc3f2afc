// Options, a configuration file and log lines, for the guide's page about them.
#include <tornado/httpserver.h>
#include <tornado/ioloop.h>
#include <tornado/log.h>
#include <tornado/options.h>
#include <tornado/web.h>

#include <cstdio>
#include <string>

using namespace tornado;

// [logger]
struct GreetingHandler : web::RequestHandler {
  void get() {
    static const log::Logger& logger = log::get_logger("greetings");
    logger.info("greeting " + request.remote_ip);
    write(options::get<std::string>("greeting") + "\n");
  }
};
// [/logger]

// [options]
int main(int argc, char** argv) {
  options::define<int>("port", 8888, "port to listen on; 0 takes any free one");
  options::define("greeting", "Hello", "what visitors are told");
  options::define("config", "", "file with more options", {.callback = [](const std::string& path) {
                    options::parse_config_file(path, false);
                  }});
  options::parse_command_line(argc, argv);
  // [/options]

  web::Application app({web::url<GreetingHandler>("/")});
  auto& server = app.listen(options::get<int>("port"), "127.0.0.1");
  std::printf("listening on http://127.0.0.1:%d\n", server.port());
  std::fflush(stdout);
  ioloop::run_until_signal(server);
}
