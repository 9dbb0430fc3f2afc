// A JSON service, for the guide's page about them.
#include <tornado/httpserver.h>
#include <tornado/ioloop.h>
#include <tornado/json.h>
#include <tornado/options.h>
#include <tornado/web.h>

#include <cstdio>
#include <map>
#include <string>

using namespace tornado;

using Prices = std::map<std::string, double>;

// [base]
struct ServiceHandler : web::RequestHandler {
  struct Init {
    Prices* prices = nullptr;
  };
  void initialize(const Init& init) { prices = init.prices; }

  json body() {
    try {
      return escape::json_decode(request.body);
    } catch (const escape::JSONDecodeError& error) {
      refuse(400, error.what());
    }
  }
  [[noreturn]] void refuse(int status, const std::string& what) {
    set_status(status);
    finish(json{{"error", what}});
    throw web::Finish();
  }
  void write_error(int status, const web::ErrorInfo& /*info*/) override {
    finish(json{{"error", std::string(httputil::responses(status))}});
  }

  Prices* prices = nullptr;
};
// [/base]

// [handler]
struct PriceHandler : ServiceHandler {
  void get(std::string name) {
    const auto found = prices->find(name);
    if (found == prices->end()) throw web::HTTPError(404);
    write(json{{"name", name}, {"price", found->second}});
  }
  void put(std::string name) {
    const json sent = body();
    const auto price = sent.find("price");
    if (price == sent.end() || !price->is_number()) refuse(422, "price: expected a number");
    (*prices)[name] = price->get<double>();
    set_status(204);
  }
};
// [/handler]

int main(int argc, char** argv) {
  options::define<int>("port", 8888, "port to listen on; 0 takes any free one");
  options::parse_command_line(argc, argv);
  Prices prices;
  web::Application app({web::url<PriceHandler>("/prices/(\\w+)", {.prices = &prices})});
  auto& server = app.listen(options::get<int>("port"), "127.0.0.1");
  std::printf("listening on http://127.0.0.1:%d\n", server.port());
  std::fflush(stdout);
  ioloop::run_until_signal(server);
}
