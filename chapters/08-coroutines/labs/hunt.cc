// Lab: a handler that follows clues from page to page until it finds the treasure. Written with the
// means of chapter 07, and with co_await.  hunt [port]
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>

#include "06-request-handler/application.h"
#include "07-futures/http_client.h"
#include "08-coroutines/coroutine_handler.h"

namespace {

using mini::AsyncHTTPClient;
using mini::Future;
using mini::HTTPResponse;
using mini::PathArgs;

int alive = 0;  // hunters that have not been destroyed

// A clue is the path of the next page; the last page has a treasure instead.
class ClueHandler : public mini::RequestHandler {
 public:
  void get(const PathArgs& args) override {
    const int number = std::stoi(args[0]);
    write(number > 0 ? "/clue/" + std::to_string(number - 1) : "the treasure");
  }
};

class Hunter : public mini::CoroutineHandler {
 public:
  Hunter() { ++alive; }
  ~Hunter() override { --alive; }
  Hunter(const Hunter&) = delete;
  Hunter& operator=(const Hunter&) = delete;
  void initialize(AsyncHTTPClient* client) { client_ = client; }

 protected:
  std::string first() const { return "/clue/" + get_argument("from"); }
  std::string site() const { return "http://" + request().headers.get("Host").value_or(""); }
  AsyncHTTPClient* client_ = nullptr;
};

class CallbackHunter : public Hunter {
 public:
  // [fault]
  // A loop in callbacks: a function that calls itself, later.
  void get(const PathArgs&) override {
    asynchronous();
    const auto step = std::make_shared<std::function<void(std::string)>>();
    *step = wrap([this, step](const std::string& path) {
      const Future<HTTPResponse> page = client_->fetch(site() + path);
      page.add_done_callback(wrap([this, step](const Future<HTTPResponse>& done) {
        const std::string clue = done.result().body;
        if (clue.starts_with("/")) return (*step)(clue);
        finish(clue);
      }));
    });
    (*step)(first());
  }
  // [/fault]
};

class CoroutineHunter : public Hunter {
 public:
  void get(const PathArgs&) override { run(answer(site(), first())); }

 private:
  // [mended]
  Future<void> answer(std::string site, std::string clue) {
    while (clue.starts_with("/")) {
      const Future<HTTPResponse> page = client_->fetch(site + clue);
      const HTTPResponse response = co_await page;
      clue = response.body;
    }
    finish(clue);
  }
  // [/mended]
};

class AliveHandler : public mini::RequestHandler {
 public:
  void get(const PathArgs&) override {
    write(std::to_string(alive) + (alive == 1 ? " hunter is alive" : " hunters are alive"));
  }
};

}  // namespace

int main(int argc, char** argv) {
  mini::IOLoop loop;
  AsyncHTTPClient client(loop);
  mini::Application app({
      mini::url<ClueHandler>("/clue/([0-9]{1,6})"),
      mini::url<CallbackHunter>("/callbacks", "", &client),
      mini::url<CoroutineHunter>("/coroutine", "", &client),
      mini::url<AliveHandler>("/alive"),
  });
  const int port = argc > 1 ? std::stoi(argv[1]) : 8888;
  const mini::HTTPServer& server = app.listen(loop, static_cast<std::uint16_t>(port), "127.0.0.1");
  std::printf("listening on http://127.0.0.1:%d\n", server.port());
  std::fflush(stdout);
  loop.start();
}
