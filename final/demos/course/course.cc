// The course in a browser: its map, lessons, decks, quizzes, and demos to try.
#include <tornado/bus.h>
#include <tornado/httpserver.h>
#include <tornado/ioloop.h>
#include <tornado/options.h>
#include <tornado/web.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <iterator>
#include <string>
#include <vector>

#include "chat/handlers.h"
#include "handlers.h"
#include "microscope.h"
#include "repository.h"

using namespace tornado;

namespace {

// [settings]
web::Settings settings() {
  web::Settings settings;
  settings.template_path = COURSE_FOLDER "/templates";  // CMakeLists.txt defines it
  settings.static_path = COURSE_FOLDER "/static";
  settings.compress_response = true;
  settings.xsrf_cookies = true;  // for the chat's messages
  return settings;
}
// [/settings]

void run() {
  const course::Repository repository(options::get<std::string>("root"));
  const course::SearchIndex search(repository);
  course::LiveResults live(repository);
  bus::BusOptions limits;
  limits.max_messages = chat::kRemembered;
  bus::LocalBus messages(limits);
  course::Microscope microscope(&repository, options::get<bool>("experiments"));
  // [routes]
  std::vector<web::URLSpec> routes = chat::routes(&messages, "/chat");
  std::ranges::move(microscope.routes(), std::back_inserter(routes));
  std::ranges::move(course::routes({.repository = &repository, .search = &search, .live = &live}),
                    std::back_inserter(routes));
  web::Application app(std::move(routes), settings());
  // [/routes]
  auto& server = app.listen(options::get<int>("port"), options::get<std::string>("address"));
  microscope.set_port(server.port());
  std::printf("listening on http://127.0.0.1:%d\n", server.port());
  std::fflush(stdout);
  ioloop::run_until_signal(server);
}

}  // namespace

int main(int argc, char** argv) {
  options::define<int>("port", 8888, "port to listen on; 0 takes any free one");
  options::define<std::string>("address", "", "address to listen on; empty means all of them");
  options::define<bool>("experiments", false,
                        "let readers on other machines start the microscope's experiments, too");
  options::define<std::string>("root", COURSE_ROOT, "the project's folder");
  options::parse_command_line(argc, argv);
  try {
    run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}
