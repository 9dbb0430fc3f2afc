// A module of Python's in a project of somebody else's.
#include <tornado/web.h>
#include <tornado/wsgi.h>

struct Hello : tornado::web::RequestHandler {
  void get() { write("Hello, Python"); }
};

TORNADO_WSGI_MODULE(hosted) {
  return std::make_unique<tornado::web::Application>(
      std::vector<tornado::web::Rule>{tornado::web::url<Hello>("/")});
}
