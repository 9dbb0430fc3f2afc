// The Python module that the servers of test_wsgi_servers.py import.
#include <tornado/gen.h>
#include <tornado/web.h>
#include <tornado/wsgi.h>

#include <stdexcept>

using namespace tornado;

namespace {

struct Hello : web::RequestHandler {
  void get() { write("Hello, " + get_argument("name", "world") + " from " + request.full_url()); }
};

struct Form : web::RequestHandler {
  void post() {
    std::string text = get_body_argument("name");
    for (const auto& [name, files] : request.files()) {
      text += " " + name + "=" + std::to_string(files.at(0).body.size());
    }
    write(text);
  }
};

struct Raw : web::RequestHandler {
  void put() { write(std::to_string(request.body.size())); }
};

struct Cookies : web::RequestHandler {
  void get() {
    set_cookie("one", "1");
    set_cookie("two", "2");
    set_header("X-Name", "\xE9");
    write(get_cookie("sent", "none"));
  }
};

struct Streaming : web::RequestHandler {
  Future<void> get() {
    for (int i = 0; i < 3; ++i) {
      write(std::to_string(i) + "\n");
      co_await flush();
    }
  }
};

struct Waiting : web::RequestHandler {
  Future<void> get() { co_await gen::sleep(60); }
};

struct Broken : web::RequestHandler {
  void get() { throw std::runtime_error("a handler is broken"); }
};

}  // namespace

TORNADO_WSGI_MODULE(hosted) {
  return std::make_unique<web::Application>(
      std::vector<web::Rule>{web::url<Hello>("/"), web::url<Form>("/form"), web::url<Raw>("/raw"),
                             web::url<Cookies>("/cookies"), web::url<Streaming>("/streaming"),
                             web::url<Waiting>("/waiting"), web::url<Broken>("/broken")});
}
