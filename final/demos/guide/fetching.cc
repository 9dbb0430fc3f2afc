// A server that asks other servers, for the guide's page about the HTTP client.
#include <tornado/gen.h>
#include <tornado/httpclient.h>
#include <tornado/httpserver.h>
#include <tornado/ioloop.h>
#include <tornado/options.h>
#include <tornado/web.h>

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

using namespace tornado;

struct WordHandler : web::RequestHandler {
  void get(std::string word) { write(word + "\n"); }
};

// [fetch]
// The server that is asked. Not request.host: the client chooses that.
std::string words_server;  // main() sets it: in this demo it is the server itself

struct CopyHandler : web::RequestHandler {
  Future<void> get() {
    const httpclient::AsyncHTTPClient client;
    httpclient::HTTPRequest wanted(words_server + "/word/hello");
    wanted.request_timeout = 2;  // seconds
    const httpclient::HTTPResponse response = co_await client.fetch(std::move(wanted));
    write("copied: " + response.body);
  }
};
// [/fetch]

// [many]
struct AllHandler : web::RequestHandler {
  Future<void> get() {
    const httpclient::AsyncHTTPClient client;
    std::vector<Future<httpclient::HTTPResponse>> fetches;
    for (const char* const word : {"one", "two", "three"}) {
      fetches.push_back(client.fetch(words_server + "/word/" + word));
    }
    const std::vector<httpclient::HTTPResponse> responses = co_await gen::multi(std::move(fetches));
    for (const httpclient::HTTPResponse& response : responses) write(response.body);
  }
};
// [/many]

// [errors]
struct CarefulHandler : web::RequestHandler {
  Future<void> get() {
    const httpclient::AsyncHTTPClient client;
    try {
      const httpclient::HTTPResponse response =
          co_await client.fetch(words_server + "/nothing/here");
      write(response.body);
    } catch (const httpclient::HTTPClientError& error) {
      set_status(502);
      write("the other server: " + std::string(error.what()) + "\n");
    }
  }
};
// [/errors]

struct SlowHandler : web::RequestHandler {
  Future<void> get() {
    co_await gen::sleep(1);
    write("late\n");
  }
};

// [limit]
// Returns the page, or the reason why there is none.
Future<std::string> page_or_reason(std::string url) {
  const httpclient::AsyncHTTPClient client;
  httpclient::HTTPRequest wanted(std::move(url));
  wanted.request_timeout = 0.2;  // seconds
  try {
    const httpclient::HTTPResponse response = co_await client.fetch(std::move(wanted));
    co_return response.body;
  } catch (const httpclient::HTTPClientError& error) {
    co_return std::string(error.what()) + "\n";
  }
}

struct SomeHandler : web::RequestHandler {
  Future<void> get() {
    std::vector<Future<std::string>> pages;
    for (const char* const path : {"/word/one", "/slow", "/nothing/here"}) {
      pages.push_back(page_or_reason(words_server + path));
    }
    const std::vector<std::string> found = co_await gen::multi(std::move(pages));
    for (const std::string& page : found) write(page);
  }
};
// [/limit]

int main(int argc, char** argv) {
  options::define<int>("port", 8888, "port to listen on; 0 takes any free one");
  options::parse_command_line(argc, argv);
  web::Application app({web::url<WordHandler>("/word/(\\w+)"), web::url<CopyHandler>("/copy"),
                        web::url<AllHandler>("/all"), web::url<CarefulHandler>("/careful"),
                        web::url<SlowHandler>("/slow"), web::url<SomeHandler>("/some")});
  auto& server = app.listen(options::get<int>("port"), "127.0.0.1");
  words_server = "http://127.0.0.1:" + std::to_string(server.port());
  std::printf("listening on http://127.0.0.1:%d\n", server.port());
  std::fflush(stdout);
  ioloop::run_until_signal(server);
}
