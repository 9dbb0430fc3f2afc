// Text 001, 2: the same as a coroutine: no second method, no finish().
#include <tornado/httpclient.h>
#include <tornado/ioloop.h>
#include <tornado/template.h>

#include "seeds.h"

using namespace tornado;

namespace {

struct GenAsyncHandler : web::RequestHandler {
  struct Init {
    std::string url;
  };
  void initialize(const Init& init) { url = init.url; }

  // [get]
  Future<void> get() {
    httpclient::AsyncHTTPClient http_client;
    const auto response = co_await http_client.fetch(url);
    render("template.html", {{"page", response.body}});
  }
  // [/get]

  std::string url;
};

}  // namespace

void seeds::fetch_in_coroutine(int argc, char** argv) {
  const OtherServer elsewhere;
  web::Application app(
      {
          web::url<GenAsyncHandler>("/", {.url = elsewhere.url("/")}),
          web::url<GenAsyncHandler>("/missing", {.url = elsewhere.url("/missing")}),
      },
      with_template());
  listen(app, port(argc, argv));
  ioloop::IOLoop::current().start();
}
