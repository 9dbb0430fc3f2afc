// Three applications on one port: a Flask application, a Django application, and handlers of our
// own, which keep running whatever the other two do.
#include <tornado/httpserver.h>
#include <tornado/ioloop.h>
#include <tornado/options.h>
#include <tornado/web.h>
#include <tornado/wsgi.h>

#include <cstdio>
#include <exception>
#include <string>

using namespace tornado;

namespace {

struct MainHandler : web::RequestHandler {
  void get() {
    write(R"(<!doctype html>
<title>Three applications</title>
<h1>Three applications on one port</h1>
<ul>
  <li><a href="/flask/">Flask: a guest book</a>, <a href="/flask/count">a stream</a>,
      <a href="/flask/slow">a page that takes five seconds</a>, <a href="/flask/broken">a broken page</a></li>
  <li><a href="/django/">Django: what a request says</a></li>
  <li><a href="/clock">A handler in C++</a></li>
</ul>
)");
  }
};

struct ClockHandler : web::RequestHandler {
  void get() { write(std::to_string(ioloop::IOLoop::current().time()) + "\n"); }
};

// [containers]
// An application below a path of its own. Its folder is searched for modules.
wsgi::PythonApplication application(const std::string& name) {
  wsgi::PythonOptions options;
  options.path = {WSGI_APPLICATIONS};
  return wsgi::PythonApplication(name, options);
}
wsgi::WSGIOptions below(const std::string& path) {
  wsgi::WSGIOptions options;
  options.script_name = path;
  return options;
}

void serve() {
  wsgi::WSGIContainer flask(application("flask_app:app"), below("/flask"));
  wsgi::WSGIContainer django(application("django_app"), below("/django"));
  web::Application app({
      web::url<MainHandler>("/"),
      web::url<ClockHandler>("/clock"),
      {"/flask(/.*)?", flask},
      {"/django(/.*)?", django},
  });
  // [/containers]
  auto& server = app.listen(options::get<int>("port"), "127.0.0.1");
  std::printf("listening on http://127.0.0.1:%d\n", static_cast<int>(server.port()));
  std::fflush(stdout);
  constexpr double kGrace = 2;  // seconds: a page that computes for long is cut off
  ioloop::run_until_signal(server, kGrace);
}

}  // namespace

int main(int argc, char** argv) {
  options::define<int>("port", 8888, "port to listen on");
  options::parse_command_line(argc, argv);
  try {
    serve();
  } catch (const std::exception& error) {  // such as a missing module
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
