// Lab: a shop whose basket page is made from three responses, and whose errors get lost. The same
// server serves all three pages.  pyramid [port]
#include <cstdint>
#include <cstdio>
#include <string>

#include "06-request-handler/application.h"
#include "07-futures/asynchronous.h"
#include "07-futures/http_client.h"

namespace {

using mini::HTTPResponse;
using mini::PathArgs;

// [fault]
class BasketHandler : public mini::AsynchronousHandler {
 public:
  void initialize(mini::AsyncHTTPClient* client) { client_ = client; }

  void get(const PathArgs& args) override {
    asynchronous();
    client_->fetch(url("/customer/" + args[0]), [this](const HTTPResponse& customer) {
      client_->fetch(url("/pieces/" + customer.body), [this](const HTTPResponse& pieces) {
        const int count = std::stoi(pieces.body);
        client_->fetch(url("/price"), [this, count](const HTTPResponse& price) {
          finish(std::to_string(count * std::stoi(price.body)) + " euros\n");
        });
      });
    });
  }
  // [/fault]

 private:
  std::string url(const std::string& path) const {
    return "http://" + request().headers.get("Host").value() + path;
  }

  mini::AsyncHTTPClient* client_ = nullptr;
};

// Ada has the number 7, and Eve is not a customer.
class CustomerHandler : public mini::RequestHandler {
 public:
  void get(const PathArgs& args) override {
    if (args[0] != "ada") throw mini::HTTPError(404);
    write("7");
  }
};

class PiecesHandler : public mini::RequestHandler {
 public:
  void get(const PathArgs&) override { write("3"); }
};

class PriceHandler : public mini::RequestHandler {
 public:
  void get(const PathArgs&) override { write("5"); }
};

}  // namespace

int main(int argc, char** argv) {
  const int port = argc > 1 ? std::stoi(argv[1]) : 8888;
  mini::IOLoop loop;
  mini::AsyncHTTPClient client(loop);
  mini::Application app({
      mini::url<BasketHandler>("/basket/(.*)", "", &client),
      mini::url<CustomerHandler>("/customer/(.*)"),
      mini::url<PiecesHandler>("/pieces/([0-9]+)"),
      mini::url<PriceHandler>("/price"),
  });
  std::printf("listening on http://127.0.0.1:%d\n",
              app.listen(loop, static_cast<std::uint16_t>(port)).port());
  std::fflush(stdout);
  loop.start();
}
