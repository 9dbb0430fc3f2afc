// Text 001, 3: a coroutine that passes a callback and waits for it, by a key. The callback form of
// fetch does not throw: a failure is in the response.
#include <tornado/httpclient.h>
#include <tornado/ioloop.h>
#include <tornado/template.h>
#include <tornado/tornado4.h>

#include "seeds.h"

using namespace tornado;

namespace {

struct GenAsyncHandler2 : web::RequestHandler {
  struct Init {
    std::string url;
  };
  void initialize(const Init& init) { url = init.url; }

  // [get]
  Future<void> get() {
    httpclient::AsyncHTTPClient http_client;
    http_client.fetch(url, co_await gen::Callback("key"));
    const auto response = co_await gen::Wait<httpclient::HTTPResponse>("key");
    response.rethrow();
    render("template.html", {{"page", response.body}});
  }
  // [/get]

  std::string url;
};

}  // namespace

void seeds::callback_and_wait(int argc, char** argv) {
  const OtherServer elsewhere;
  web::Application app(
      {
          web::url<GenAsyncHandler2>("/", {.url = elsewhere.url("/")}),
          web::url<GenAsyncHandler2>("/missing", {.url = elsewhere.url("/missing")}),
      },
      with_template());
  listen(app, port(argc, argv));
  ioloop::IOLoop::current().start();
}
