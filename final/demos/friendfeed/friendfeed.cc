// A page built from another service's responses, written three times: with a callback, as a
// coroutine, and as a coroutine that makes two requests at once. FriendFeed closed in 2015; unless
// --api names another service, this program plays its part too, under /v2/feed/.
//
//   curl http://localhost:8888/callback/bret
//   curl http://localhost:8888/coroutine/bret
//   curl http://localhost:8888/both/bret/paul
#include <tornado/gen.h>
#include <tornado/httpclient.h>
#include <tornado/httpserver.h>
#include <tornado/ioloop.h>
#include <tornado/json.h>
#include <tornado/options.h>
#include <tornado/web.h>

#include <cstdio>
#include <string>

using namespace tornado;

// The service: it responds after a while, with as many entries as the name has letters.
struct FeedHandler : web::RequestHandler {
  Future<void> get(std::string name) {
    co_await gen::sleep(0.1);
    json entries = json::array();
    for (const char letter : name) entries.push_back({{"body", std::string("On ") + letter}});
    write(json{{"id", name}, {"entries", entries}});
  }
};

struct PageHandler : web::RequestHandler {
  struct Init {
    std::string api;
  };
  void initialize(const Init& init) { api = init.api; }

  std::string sentence(const httpclient::HTTPResponse& response) {
    const json feed = escape::json_decode(response.body);
    return "Fetched " + std::to_string(feed["entries"].size()) +
           " entries from the FriendFeed API\n";
  }

  httpclient::AsyncHTTPClient http;
  std::string api;
};

// get() returns at once, and the request stays open until finish(). An error in the callback is
// this request's error page.
struct CallbackHandler : PageHandler {
  web::asynchronous get(std::string name) {
    http.fetch(api + name, [this](const httpclient::HTTPResponse& response) {
      response.rethrow();
      write(sentence(response));
      finish();
    });
    return {};
  }
};

// Reads as if fetch() blocked; it does not.
struct CoroutineHandler : PageHandler {
  Future<void> get(std::string name) {
    const auto response = co_await http.fetch(api + name);
    write(sentence(response));
  }
};

// Both fetches start before the first is awaited: together they take as long as the slower one.
struct BothHandler : PageHandler {
  Future<void> get(std::string one, std::string other) {
    const auto [first, second] =
        co_await gen::multi(http.fetch(api + one), http.fetch(api + other));
    write(sentence(first));
    write(sentence(second));
  }
};

int main(int argc, char** argv) {
  options::define<int>("port", 8888, "port to listen on; 0: any free one");
  options::define<std::string>("api", "", "another service: URL before the name of a feed");
  options::parse_command_line(argc, argv);

  // The service's own URL is known only once it listens.
  web::Application service({web::url<FeedHandler>("/v2/feed/([a-z]+)")});
  const int service_port = service.listen(0, "127.0.0.1").port();
  std::string api = options::get<std::string>("api");
  if (api.empty()) api = "http://127.0.0.1:" + std::to_string(service_port) + "/v2/feed/";

  web::Application app({
      web::url<CallbackHandler>("/callback/([a-z]+)", {.api = api}),
      web::url<CoroutineHandler>("/coroutine/([a-z]+)", {.api = api}),
      web::url<BothHandler>("/both/([a-z]+)/([a-z]+)", {.api = api}),
  });
  auto& server = app.listen(options::get<int>("port"), "127.0.0.1");
  std::printf("listening on http://127.0.0.1:%d\n", server.port());
  std::fflush(stdout);
  ioloop::run_until_signal(server);
}
