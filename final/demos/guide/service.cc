// A JSON service, for the guide's page about them.
#include <tornado/httpserver.h>
#include <tornado/ioloop.h>
#include <tornado/json.h>
#include <tornado/options.h>
#include <tornado/web.h>

#include <cstdio>
#include <exception>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace tornado;

// [struct]
struct Item {
  std::string name;
  double price = 0;
  std::optional<std::string> note;
};
TORNADO_FIELDS(Item, name, price, note)

struct Order {
  std::string customer;
  std::vector<Item> items;
};
TORNADO_FIELDS(Order, customer, items)
// [/struct]

using Orders = std::map<int, Order>;

// [base]
bool is_about_the_body(const std::exception_ptr& exception) {
  if (!exception) return false;
  try {
    std::rethrow_exception(exception);
  } catch (const web::JSONBodyError&) {
    return true;
  } catch (...) {
    return false;
  }
}

struct ServiceHandler : web::RequestHandler {
  struct Init {
    Orders* orders;
  };
  void initialize(const Init& init) { orders = init.orders; }

  void write_error(int status_code, const web::ErrorInfo& info) override {
    if (is_about_the_body(info.exception)) {
      RequestHandler::write_error(status_code, info);  // JSON that names the fields
    } else {
      write(json{{"status", status_code}});
      finish();
    }
  }

  Orders* orders = nullptr;
};
// [/base]

// [handlers]
struct OrdersHandler : ServiceHandler {
  void post() {
    Order order = get_json_body<Order>();
    if (order.items.empty()) {
      throw web::JSONBodyError({.malformed = {}, .fields = {{"/items", "is empty"}}});
    }
    const int id = orders->empty() ? 1 : orders->rbegin()->first + 1;
    orders->emplace(id, std::move(order));
    set_status(201);
    write(json{{"id", id}});
  }
};

struct OrderHandler : ServiceHandler {
  void get(int id) {
    const auto found = orders->find(id);
    if (found == orders->end()) throw web::HTTPError(404);
    write(found->second);
  }
};
// [/handlers]

int main(int argc, char** argv) {
  options::define<int>("port", 8888, "port to listen on; 0 takes any free one");
  options::parse_command_line(argc, argv);
  Orders orders;
  web::Application app({web::url<OrdersHandler>("/orders", {.orders = &orders}),
                        web::url<OrderHandler>("/orders/([0-9]+)", {.orders = &orders})});
  auto& server = app.listen(options::get<int>("port"), "127.0.0.1");
  std::printf("listening on http://127.0.0.1:%d\n", server.port());
  std::fflush(stdout);
  ioloop::run_until_signal(server);
}
