// Hello world from a coroutine that waits first: what thousands of requests in flight cost when
// each holds a suspended coroutine and a timer. Measured by wait_bench.py.
#include <tornado/gen.h>
#include <tornado/httpserver.h>
#include <tornado/ioloop.h>
#include <tornado/options.h>
#include <tornado/web.h>

using namespace tornado;

struct WaitHandler : web::RequestHandler {
  Future<void> get() {
    co_await gen::sleep(options::get<double>("wait"));
    write("Hello, world");
  }
};

int main(int argc, char** argv) {
  options::define<int>("port", 8888, "port to listen on");
  options::define<double>("wait", 0.1, "seconds that each request waits");
  options::parse_command_line(argc, argv);
  web::Application app({web::url<WaitHandler>("/")});
  app.listen(options::get<int>("port"), "127.0.0.1");
  ioloop::IOLoop::current().start();
}
