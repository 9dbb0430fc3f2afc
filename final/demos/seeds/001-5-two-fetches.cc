// Text 001, 5: two requests at once. The coroutine continues when both responses have come.
#include <tornado/gen.h>
#include <tornado/httpclient.h>
#include <tornado/ioloop.h>

#include "seeds.h"

using namespace tornado;

namespace {

struct TwoHandler : web::RequestHandler {
  struct Init {
    std::string url1, url2;
  };
  void initialize(const Init& init) { urls = init; }

  // [get]
  Future<void> get() {
    httpclient::AsyncHTTPClient http_client;
    const auto [response1, response2] =
        co_await gen::multi(http_client.fetch(urls.url1), http_client.fetch(urls.url2));
    write(response1.body + " and " + response2.body);
  }
  // [/get]

  Init urls;
};

}  // namespace

void seeds::two_fetches(int argc, char** argv) {
  const OtherServer elsewhere;
  web::Application app({
      web::url<TwoHandler>("/", {.url1 = elsewhere.url("/one"), .url2 = elsewhere.url("/two")}),
  });
  listen(app, port(argc, argv));
  ioloop::IOLoop::current().start();
}
