// Text 003, 3: options, a named route, and routes that pass data to their handler.
#include <tornado/ioloop.h>
#include <tornado/options.h>

#include "seeds.h"

using namespace tornado;

namespace {

// [handlers]
struct IndexHandler : web::RequestHandler {
  void get() { write("<a href=\"" + reverse_url("cpp_url") + "\">cpp</a>"); }
};

struct SubjectHandler : web::RequestHandler {
  struct Init {
    std::string subject;
  };
  void initialize(const Init& init) { subject = init.subject; }
  void get() { write(subject); }

  std::string subject;
};
// [/handlers]

}  // namespace

void seeds::subjects(int argc, char** argv) {
  options::define<int>("port", 8000, "port of the server");
  options::parse_command_line(argc, argv);

  // [routes]
  web::Settings settings;
  settings.debug = true;
  web::Application app(
      {
          web::url<IndexHandler>("/"),
          web::url<SubjectHandler>("/Python", {.subject = "python"}),
          web::url<SubjectHandler>("/cpp", {.subject = "cpp"}, "cpp_url"),
      },
      settings);
  // [/routes]

  listen(app, options::get<int>("port"));
  ioloop::IOLoop::current().start();
}
