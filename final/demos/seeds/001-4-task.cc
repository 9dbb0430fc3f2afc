// Text 001, 4: gen::Task appends the callback to the other arguments, and waits for it.
#include <tornado/httpclient.h>
#include <tornado/ioloop.h>
#include <tornado/template.h>
#include <tornado/tornado4.h>

#include "seeds.h"

using namespace tornado;

namespace {

// Python passes the method; fetch is overloaded here, and this names one of the overloads.
constexpr auto kFetch = [](std::string url, auto callback) {
  httpclient::AsyncHTTPClient().fetch(std::move(url), std::move(callback));
};

struct TaskHandler : web::RequestHandler {
  struct Init {
    std::string url;
  };
  void initialize(const Init& init) { url = init.url; }

  Future<void> get() {
    const auto response = co_await gen::Task<httpclient::HTTPResponse>(kFetch, url);
    response.rethrow();
    render("template.html", {{"page", response.body}});
  }

  std::string url;
};

}  // namespace

void seeds::task(int argc, char** argv) {
  const OtherServer elsewhere;
  web::Application app(
      {
          web::url<TaskHandler>("/", {.url = elsewhere.url("/")}),
          web::url<TaskHandler>("/missing", {.url = elsewhere.url("/missing")}),
      },
      with_template());
  listen(app, port(argc, argv));
  ioloop::IOLoop::current().start();
}
