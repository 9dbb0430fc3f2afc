// Handlers that take and give JSON as structs.
#include <gmock/gmock.h>
#include <tornado/json.h>
#include <tornado/template.h>

#include <string>
#include <vector>

#include "../web_test_tools.h"

namespace tornado::web {
namespace {

struct Item {
  std::string name;
  double price = 0;
};
TORNADO_FIELDS(Item, name, price)

struct Basket {
  std::vector<Item> items;
};
TORNADO_FIELDS(Basket, items)

struct Point {
  int x = 0;
  NLOHMANN_DEFINE_TYPE_INTRUSIVE(Point, x)
};
struct Place {
  Point point;
};
TORNADO_FIELDS(Place, point)

using JsonBodyTest = WebTest;

struct Baskets : RequestHandler {
  void post() {
    const auto order = get_json_body<Basket>();
    write(order);
  }
  void put() { write(get_json_body<Point>()); }
  void get() { finish(nlohmann::json{{"a", 1}}); }
};

std::string problem(std::string_view title, int status, std::string_view rest) {
  return R"({"title": ")" + std::string(title) + R"(", "status": )" + std::to_string(status) +
         ", " + std::string(rest) + "}";
}

TEST_F(JsonBodyTest, a_struct_is_read_and_written) {
  Application app({url<Baskets>("/")});
  const Exchange posted(app, "POST", "/", {}, R"({"items": [{"name": "tea", "price": 2.5}]})");
  EXPECT_EQ(posted->code, 200);
  EXPECT_EQ(posted->body, R"({"items": [{"name": "tea", "price": 2.5}]})");
  EXPECT_EQ(posted->sent_headers.get("Content-Type"), "application/json; charset=UTF-8");
  EXPECT_EQ(Exchange(app, "PUT", "/", {}, R"({"x": 3})")->body, R"({"x": 3})");
  EXPECT_EQ(Exchange(app, "GET", "/")->body, R"({"a": 1})");
}

TEST_F(JsonBodyTest, wrong_fields_are_a_422_that_names_each) {
  Application app({url<Baskets>("/")});
  const ExpectLog logged(
      log::gen_log,
      exactly(
          "422 POST / (192.0.2.7): /items/1/name: is missing; /items/1/price: expected a number"));
  const Exchange posted(app, "POST", "/", {},
                        R"({"items": [{"name": "a", "price": 1}, {"price": "2"}]})");
  EXPECT_EQ(posted->code, 422);
  EXPECT_EQ(posted->sent_headers.get("Content-Type"), "application/problem+json");
  EXPECT_EQ(posted->body,
            problem("Unprocessable Entity", 422,
                    R"("errors": [{"pointer": "/items/1/name", "detail": "is missing"}, )"
                    R"({"pointer": "/items/1/price", "detail": "expected a number"}])"));
}

TEST_F(JsonBodyTest, what_is_not_json_is_a_400) {
  Application app({url<Baskets>("/")});
  for (const auto& [body, place] : std::vector<std::pair<std::string, int>>{
           {"", 0}, {"{\"items\": x}", 10}, {"{\"items\": \"\xff\"}", 11}}) {
    const ExpectLog logged(log::gen_log, "400 POST / ");
    const Exchange posted(app, "POST", "/", {}, body);
    EXPECT_EQ(posted->code, 400);
    EXPECT_EQ(posted->body, problem("Bad Request", 400,
                                    R"("detail": "the body is not JSON: error after )" +
                                        std::to_string(place) + R"( bytes")"))
        << body;
  }
}

TEST_F(JsonBodyTest, the_same_structs_are_shown_by_templates) {
  template_::Template page("{{ order.items[0].name }} {{ place.point['x'] }}");
  EXPECT_EQ(page.generate({{"order", Basket{{{"tea", 1}}}}, {"place", Place{{7}}}}), "tea 7");
}

}  // namespace
}  // namespace tornado::web
