#include <tornado/json.h>

#include <limits>
#include <stdexcept>
#include <string>

#include "../vectors.h"

namespace tornado::escape {
namespace {

using tornado::testing::bytes_of;
using tornado::testing::vectors_for;

std::string encode_error(const json& value) {
  try {
    json_encode(value);
  } catch (const JSONEncodeError& e) {
    return e.what();
  }
  return "none";
}

// ES-03
TEST(Json, json_encode_as_python) {
  for (const json& v : vectors_for("json_encode")) {
    EXPECT_EQ(json_encode(json::parse(bytes_of(v["in"]))), bytes_of(v["out"])) << v;
  }
}

// ES-03
TEST(Json, json_encode_keeps_the_order_of_names) {
  EXPECT_EQ(json_encode(json{{"b", 1}, {"a", {1, 2}}}), R"({"b": 1, "a": [1, 2]})");
}

// ES-03
TEST(Json, json_encode_has_no_form_for_nan_and_writes_null) {
  const double inf = std::numeric_limits<double>::infinity();
  EXPECT_EQ(json_encode({inf, -inf, std::numeric_limits<double>::quiet_NaN()}),
            "[null, null, null]");
}

// ES-03
TEST(Json, json_encode_refuses_what_is_not_text) {
  EXPECT_EQ(encode_error("a\xff"), "json_encode: string is not UTF-8");
  EXPECT_EQ(encode_error({{"\xc3", 1}}), "json_encode: string is not UTF-8");
  EXPECT_EQ(encode_error(json::binary({1, 2})), "json_encode: JSON has no form for this value");
}

// ES-04
TEST(Json, json_decode_reads_what_json_encode_writes) {
  for (const json& v : vectors_for("json_encode")) {
    const json value = json::parse(bytes_of(v["in"]));
    EXPECT_EQ(json_decode(json_encode(value)), value) << v;
  }
}

// ES-04
TEST(Json, json_decode_of_integers_beyond_64_bits) {
  EXPECT_TRUE(json_decode("18446744073709551615").is_number_integer());
  EXPECT_TRUE(json_decode("18446744073709551616").is_number_float());
}

// ES-04
TEST(Json, json_decode_last_of_equal_names_counts) {
  EXPECT_EQ(json_decode(R"({"a": 1, "b": 2, "a": 3, "c": {"x": 1, "x": [2]}, "b": 4})").dump(),
            R"({"a":3,"b":4,"c":{"x":[2]}})");
}

// ES-04
TEST(Json, json_decode_refuses_bad_text_with_its_place) {
  for (const char* bad : {"", " ", "{", "[1,]", "{\"a\" 1}", "nul", "NaN", "[Infinity]", "01",
                          "1 2", "\"\xff\"", "\"\\ud800\"", "'a'", "\"\n\""}) {
    EXPECT_THROW(json_decode(bad), JSONDecodeError) << bad;
  }
  try {
    json_decode("[1, x]");
    FAIL() << "took bad text";
  } catch (const JSONDecodeError& e) {
    EXPECT_EQ(e.position(), 4u);
  }
}

// ES-04
TEST(Json, json_decode_depth_limit) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_NO_THROW(json_decode(nested(kMaxJsonDepth)));
  EXPECT_THROW(json_decode(nested(kMaxJsonDepth + 1)), JSONDecodeError);
  EXPECT_THROW(json_decode(std::string(1'000'000, '[')), JSONDecodeError);
  EXPECT_NO_THROW(json_decode("[[1]]", 2));
  EXPECT_THROW(json_decode("[{\"a\": []}]", 2), JSONDecodeError);
}

// Looking for a value that a client left out must not crash. (KeyError, IndexError)
TEST(Json, what_a_constant_value_does_not_have_is_an_exception) {
  const json value = json_decode(R"({"list": [1], "object": {}})");
  EXPECT_EQ(value["list"][0], 1);
  EXPECT_THROW(static_cast<void>(value["nothing"]), std::out_of_range);
  EXPECT_THROW(static_cast<void>(value["object"]["nothing"]["deeper"]), std::out_of_range);
  EXPECT_THROW(static_cast<void>(value[std::string("nothing")]), std::out_of_range);
  EXPECT_THROW(static_cast<void>(value["list"][1]), std::out_of_range);
  EXPECT_THROW(static_cast<void>(value["list"][std::size_t{1} << 40]), std::out_of_range);
}

// With the library's own builder this takes minutes.
// ES-04
TEST(Json, json_decode_many_names_in_little_time) {
  std::string text = "{";
  for (int i = 0; i < 200'000; ++i) text += "\"name" + std::to_string(i) + "\": 1,";
  text += "\"name0\": 2}";
  const json value = json_decode(text);
  EXPECT_EQ(value.size(), 200'000u);
  EXPECT_EQ(value.begin().value(), 2);
}

}  // namespace
}  // namespace tornado::escape
