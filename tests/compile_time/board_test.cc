// A file of tests such as a service has. Its compile time has a budget; it is not linked.
#include <gtest/gtest.h>
#include <tornado/gen.h>
#include <tornado/httpclient.h>
#include <tornado/json.h>
#include <tornado/testing.h>
#include <tornado/web.h>
#include <tornado/websocket.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace tornado;

namespace {

using tornado::testing::AsyncHTTPTestCase;
using tornado::testing::ExpectLog;

struct Item {
  std::string name;
  double price = 0;
  std::optional<std::string> note;
};
TORNADO_FIELDS(Item, name, price, note)

struct Shop {
  std::vector<Item> items;
};

struct ItemsHandler : web::RequestHandler {
  struct Init {
    Shop* shop;
  };
  void initialize(const Init& init) { shop = init.shop; }
  void get() { write(json{{"items", shop->items}}); }
  void post() {
    shop->items.push_back(get_json_body<Item>());
    set_status(201);
    write(shop->items.back());
  }

  Shop* shop = nullptr;
};

struct EchoSocket : websocket::WebSocketHandler {
  void on_message(std::string text) { write_message(text); }
};

class ShopTest : public AsyncHTTPTestCase {
 protected:
  App get_app() override {
    return make_app(
        {web::url<ItemsHandler>("/items", {.shop = &shop}), web::url<EchoSocket>("/echo")});
  }
  httpclient::HTTPResponse post(const json& value) {
    httpclient::HTTPRequest request("/items", "POST");
    request.body = escape::json_encode(value);
    return fetch(std::move(request));
  }

  Shop shop;
};

TEST_F(ShopTest, an_empty_shop_has_no_items) {
  const auto response = fetch("/items");
  EXPECT_EQ(response.code, 200);
  EXPECT_EQ(response.headers.get("Content-Type"), "application/json; charset=UTF-8");
  EXPECT_EQ(escape::json_decode(response.body), (json{{"items", json::array()}}));
}

TEST_F(ShopTest, an_item_can_be_added) {
  const auto response = post({{"name", "tea"}, {"price", 2.5}});
  EXPECT_EQ(response.code, 201);
  ASSERT_EQ(shop.items.size(), 1U);
  EXPECT_EQ(shop.items[0].name, "tea");
  EXPECT_DOUBLE_EQ(shop.items[0].price, 2.5);
  EXPECT_FALSE(shop.items[0].note.has_value());
}

TEST_F(ShopTest, a_wrong_field_is_named) {
  const ExpectLog warning("tornado.general", ".*422");
  const auto response = post({{"name", 7}, {"price", "low"}});
  EXPECT_EQ(response.code, 422);
  const json page = escape::json_decode(response.body);
  EXPECT_EQ(page["errors"].size(), 2U);
  EXPECT_EQ(page["errors"][0]["pointer"], "/name");
  EXPECT_TRUE(shop.items.empty());
}

TEST_F(ShopTest, text_that_is_not_json_is_refused) {
  const ExpectLog warning("tornado.general", ".*400");
  httpclient::HTTPRequest request("/items", "POST");
  request.body = "{";
  EXPECT_EQ(fetch(std::move(request)).code, 400);
}

GEN_TEST(ShopTest, two_clients_at_once) {
  shop.items.push_back({.name = "tea", .price = 2.5, .note = "green"});
  auto both =
      gen::multi(http_client.fetch(get_url("/items")), http_client.fetch(get_url("/items")));
  const auto [one, two] = co_await both;
  EXPECT_EQ(one.body, two.body);
  EXPECT_EQ(escape::json_decode(one.body)["items"][0]["note"], "green");
}

GEN_TEST(ShopTest, the_socket_echoes) {
  const std::string url = "ws" + get_url("/echo").substr(4);
  const auto connection = co_await websocket::websocket_connect(url);
  connection.write_message("hello");
  const std::optional<websocket::Message> message = co_await connection.read_message();
  CO_ASSERT_TRUE(message.has_value());
  EXPECT_EQ(message->data, "hello");
  connection.close();
}

GEN_TEST(ShopTest, a_missing_page_is_an_error) {
  try {
    co_await http_client.fetch(get_url("/nothing"));
    ADD_FAILURE() << "no error";
  } catch (const httpclient::HTTPClientError& error) {
    EXPECT_EQ(error.code, 404);
  }
}

}  // namespace
