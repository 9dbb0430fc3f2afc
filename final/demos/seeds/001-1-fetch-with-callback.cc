// Text 001, 1: a handler that fetches, with callbacks. It stays open until on_fetch() renders a
// page, which finishes it: the text's finish() after that would be a second one.
#include <tornado/httpclient.h>
#include <tornado/ioloop.h>
#include <tornado/template.h>

#include "seeds.h"

using namespace tornado;

namespace {

struct AsyncHandler : web::RequestHandler {
  struct Init {
    std::string url;
  };
  void initialize(const Init& init) { url = init.url; }

  // [get]
  web::asynchronous get() {
    httpclient::AsyncHTTPClient http_client;
    http_client.fetch(url,
                      [this](const httpclient::HTTPResponse& response) { on_fetch(response); });
    return {};
  }

  void on_fetch(const httpclient::HTTPResponse& response) {
    response.rethrow();  // an error in the callback becomes this request's 500
    render("template.html", {{"page", response.body}});
  }
  // [/get]

  std::string url;
};

}  // namespace

void seeds::fetch_with_callback(int argc, char** argv) {
  const OtherServer elsewhere;
  web::Application app(
      {
          web::url<AsyncHandler>("/", {.url = elsewhere.url("/")}),
          web::url<AsyncHandler>("/missing", {.url = elsewhere.url("/missing")}),
      },
      with_template());
  listen(app, port(argc, argv));
  ioloop::IOLoop::current().start();
}
