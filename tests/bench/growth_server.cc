// The server of growth.py: hello world, bodies of any size, and many routes of one shape.
#include <tornado/httpserver.h>
#include <tornado/ioloop.h>
#include <tornado/options.h>
#include <tornado/web.h>

#include <cstdio>
#include <string>
#include <vector>

using namespace tornado;

namespace {

struct Hello : web::RequestHandler {
  void get(const web::PathArgs&) { write("Hello, world"); }
  void post(const web::PathArgs&) { write("Hello, world"); }
};

struct Body : web::RequestHandler {
  void get(std::size_t size) { write(std::string(size, 'x')); }
};

// In the pattern, # stands for the number of the route.
std::vector<web::Rule> rules(const std::string& pattern, int count) {
  std::vector<web::Rule> result = {web::url<Hello>("/"), web::url<Body>("/body/([0-9]+)")};
  for (int i = 0; i < count; ++i) {
    std::string route = pattern;
    route.replace(route.find('#'), 1, std::to_string(i));
    result.push_back(web::url<Hello>(route));
  }
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  options::define<int>("port", 0, "port to listen on; 0 takes any free one");
  options::define<int>("routes", 0, "how many routes there are beside the other two");
  options::define<std::string>("pattern", "/page#", "their pattern; # stands for the number");
  options::parse_command_line(argc, argv);

  web::Settings settings;
  settings.log_function = [](const web::RequestHandler&) {};
  web::Application app(rules(options::get<std::string>("pattern"), options::get<int>("routes")),
                       settings);
  auto& server = app.listen(options::get<int>("port"), "127.0.0.1");
  std::printf("listening on http://127.0.0.1:%d\n", server.port());
  std::fflush(stdout);
  ioloop::IOLoop::current().start();
}
