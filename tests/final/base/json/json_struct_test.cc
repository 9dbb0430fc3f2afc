// JSON for the program's own structs, and for nlohmann's types.
#include <gmock/gmock.h>
#include <tornado/json.h>

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tornado::escape {
namespace {

struct Item {
  std::string name;
  double price = 0;
  std::optional<std::string> note;
  double twice() const { return 2 * price; }  // for templates; not in JSON
};
TORNADO_FIELDS(Item, price, name, note, twice)

struct Order {
  std::int8_t id = 0;
  std::vector<Item> items;
  std::map<std::string, bool> flags;
};
TORNADO_FIELDS(Order, id, items, flags)

struct Point {
  int y = 0;
  int x = 0;
  NLOHMANN_DEFINE_TYPE_INTRUSIVE(Point, y, x)
};
struct Route {
  Point from;
  std::vector<Point> by;
  std::array<Item, 1> luggage;
};
TORNADO_FIELDS(Route, from, by, luggage)

enum class Colour { kRed, kGreen };
NLOHMANN_JSON_SERIALIZE_ENUM(Colour, {{Colour::kRed, "red"}, {Colour::kGreen, "green"}})
struct Every {
  bool yes = false;
  std::uint64_t big = 0;
  float number = 0;
  Colour colour = Colour::kRed;
  json any;
  std::optional<int> maybe = 5;
};
TORNADO_FIELDS(Every, yes, big, number, colour, any, maybe)

// Classes that the JSON library could also write as text, or as a list.
struct Code {
  int number = 7;
  operator std::string() const { return "text"; }
  NLOHMANN_DEFINE_TYPE_INTRUSIVE(Code, number)
};
struct Label {
  operator std::string_view() const { return "text"; }
};
void to_json(nlohmann::json& to, const Label& /*label*/) {
  to = {{"label", true}};
}
struct Steps : std::vector<int> {};
template <class J>
void to_json(J& to, const Steps& steps) {
  to = J{{"steps", steps.size()}};
}
struct Text {
  operator std::string_view() const { return "only text"; }
};

template <class T>
std::string error_of(std::string_view text) {
  try {
    json_decode<T>(text);
  } catch (const JSONFieldError& error) {
    return error.what();
  }
  return "none";
}

TEST(JsonStruct, a_to_json_of_its_own_counts_more_than_a_form_of_the_librarys) {
  EXPECT_EQ(json_encode(Code()), R"({"number": 7})");
  EXPECT_EQ(json_encode(Label()), R"({"label": true})");
  EXPECT_EQ(json_encode(Steps()), R"({"steps": 0})");
  EXPECT_EQ(json_encode(Text()), R"("only text")");
  EXPECT_EQ(core::JsonText<Code>::object_text(Code()),
            R"({"number": 7})");  // RequestHandler::write
  EXPECT_EQ(core::JsonForm<Label>::of(Label()), (nlohmann::json{{"label", true}}));  // templates
}

TEST(JsonStruct, a_struct_is_an_object_with_its_fields_in_order) {
  EXPECT_EQ(json_encode(Item{"tea", 2.5, {}}), R"({"price": 2.5, "name": "tea", "note": null})");
  EXPECT_EQ(json_encode(Order{1, {{"a", 1, "n"}}, {{"paid", true}}}),
            R"({"id": 1, "items": [{"price": 1.0, "name": "a", "note": "n"}], )"
            R"("flags": {"paid": true}})");
  EXPECT_EQ(json_encode({{"all", std::vector<Item>(1)}}),
            R"({"all": [{"price": 0.0, "name": "", "note": null}]})");
}

TEST(JsonStruct, a_number_that_a_float_cannot_hold_is_an_error) {
  const auto text = [](const std::string& number) {
    return R"({"yes": true, "big": 1, "colour": "red", "any": 1, "maybe": 1, "number": )" + number +
           "}";
  };
  EXPECT_EQ(json_decode<Every>(text("-3e38")).number, -3e38F);
  EXPECT_THAT(error_of<Every>(text("1e300")),
              ::testing::HasSubstr("number: expected a number that a float"));
  EXPECT_THAT(error_of<Every>(text("-1e300")),
              ::testing::HasSubstr("number: expected a number that a float"));
}

// The client chooses the names of a map, and each error has them.
TEST(JsonStruct, an_error_has_the_beginning_of_a_long_name) {
  std::string name(1000, 'x');
  for (std::size_t i = 0; i < name.size(); i += 2) name.replace(i, 2, "\u00e9");
  try {
    json_decode<std::map<std::string, int>>("{\"" + name + "\": \"a\"}");
    FAIL();
  } catch (const JSONFieldError& error) {
    EXPECT_LT(std::string(error.what()).size(), 600U);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("...: expected an integer"));
  }
}

TEST(JsonStruct, a_struct_is_read_from_an_object) {
  const auto order = json_decode<Order>(
      R"({"flags": {}, "id": -128, "unknown": 1, "items": [{"name": "a", "price": 7, "note": "n"},
          {"name": "b", "price": 1.5}]})");
  EXPECT_EQ(order.id, -128);
  ASSERT_EQ(order.items.size(), 2U);
  EXPECT_EQ(order.items[0].price, 7);
  EXPECT_EQ(order.items[0].note, "n");
  EXPECT_EQ(order.items[1].note, std::nullopt);

  const auto every = json_decode<Every>(
      R"({"yes": true, "big": 18446744073709551615, "number": 2, "colour": "green",
          "any": [1, {"a": null}], "maybe": null})");
  EXPECT_TRUE(every.yes);
  EXPECT_EQ(every.big, 18446744073709551615U);
  EXPECT_EQ(every.number, 2);
  EXPECT_EQ(every.colour, Colour::kGreen);
  EXPECT_EQ(json_encode(every.any), R"([1, {"a": null}])");
  EXPECT_EQ(every.maybe, std::nullopt);

  EXPECT_EQ(json_decode<std::vector<int>>("[1, 2]"), (std::vector<int>{1, 2}));
  EXPECT_EQ(json_decode(R"({"name": "c", "price": 1})").get<Item>().name, "c");
}

TEST(JsonStruct, each_wrong_field_is_named) {
  EXPECT_EQ(error_of<Order>(R"({"id": 128, "items": [{"name": "a"}, 7, {"name": 3, "price": "x"}],
                                "flags": {"a/b~": 1}})"),
            "/id: expected an integer from -128 to 127; /items/0/price: is missing; "
            "/items/1: expected an object; /items/2/price: expected a number; "
            "/items/2/name: expected a string; /flags/a~1b~0: expected true or false");
  EXPECT_EQ(error_of<Order>("[]"), "expected an object");
  EXPECT_EQ(error_of<Order>(R"({"id": 1.0, "items": {}, "flags": []})"),
            "/id: expected an integer from -128 to 127; /items: expected a list; "
            "/flags: expected an object");
  EXPECT_EQ(error_of<Item>(R"({"price": null, "name": "x", "note": 1})"),
            "/price: expected a number; /note: expected a string");
  // The first kMaxJsonErrors.
  try {
    json_decode<std::vector<int>>(json_encode(std::vector<bool>(1000)));
    FAIL() << "not refused";
  } catch (const JSONFieldError& error) {
    ASSERT_EQ(error.errors().size(), kMaxJsonErrors);
    EXPECT_EQ(error.errors()[19].path, "/19");
  }
}

TEST(JsonStruct, integers_beyond_their_type_are_refused_not_rounded) {
  const std::string range = "expected an integer from -9223372036854775808 to 9223372036854775807";
  EXPECT_EQ(json_decode<std::int64_t>("-9223372036854775808"),
            std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(error_of<std::int64_t>("9223372036854775808"), range);
  EXPECT_EQ(error_of<std::int64_t>("-9223372036854775809"), range);
  EXPECT_EQ(error_of<std::uint64_t>("18446744073709551616"),
            "expected an integer from 0 to 18446744073709551615");
  EXPECT_EQ(error_of<std::uint8_t>("-1"), "expected an integer from 0 to 255");
  EXPECT_EQ(error_of<int>("1e2"), "expected an integer from -2147483648 to 2147483647");
  // As a double, it is rounded.
  EXPECT_EQ(json_decode<double>("18446744073709551616"), 18446744073709551616.0);
}

TEST(JsonStruct, half_of_a_surrogate_pair_is_not_text) {
  EXPECT_EQ(json_decode<std::string>(R"("\ud83d\ude00")"), "\xF0\x9F\x98\x80");
  for (const char* half : {R"("\ud83d")", R"("\ude00")", R"("\ude00\ud83d")", R"("\ud83dx")"}) {
    EXPECT_THROW(json_decode<std::string>(half), JSONDecodeError) << half;
  }
  EXPECT_THROW(json_encode("\xED\xA0\xBD"), JSONEncodeError);  // one, written as if it were UTF-8
}

TEST(JsonStruct, types_and_macros_of_nlohmann_work_too) {
  // Such an object's names are in alphabetical order.
  EXPECT_EQ(json_encode(Point{2, 1}), R"({"x": 1, "y": 2})");
  EXPECT_EQ(json_encode(nlohmann::json{{"b", 1}, {"a", {1.5, nullptr}}}),
            R"({"a": [1.5, null], "b": 1})");
  const auto route = json_decode<Route>(
      R"({"from": {"x": 1, "y": 2}, "by": [{"x": 3, "y": 4}], "luggage": [{"name": "l", "price": 1}]})");
  EXPECT_EQ(route.from.y, 2);
  EXPECT_EQ(route.by[0].x, 3);
  EXPECT_EQ(json_encode(route), R"({"from": {"x": 1, "y": 2}, "by": [{"x": 3, "y": 4}], )"
                                R"("luggage": [{"price": 1.0, "name": "l", "note": null}]})");
  EXPECT_EQ(error_of<Route>(R"({"from": {"x": "1"}, "by": [{}], "luggage": [{"name": "l"}]})"),
            "/from: key 'y' not found; /by/0: key 'y' not found; /luggage/price: is missing");
}

// The library's version 3.11.3 also finds its own to_json() where the program's is looked for.
TEST(JsonStruct, text_and_containers_are_no_structs) {
  EXPECT_TRUE(core::JsonStruct<Item>);
  EXPECT_TRUE(core::JsonStruct<Point>);
  EXPECT_FALSE(core::JsonStruct<std::string>);
  EXPECT_FALSE(core::JsonStruct<std::vector<Point>>);
  EXPECT_FALSE((core::JsonStruct<std::map<std::string, int>>));
  EXPECT_FALSE(core::JsonStruct<json>);
  EXPECT_FALSE(core::JsonStruct<nlohmann::json>);
}

}  // namespace
}  // namespace tornado::escape
