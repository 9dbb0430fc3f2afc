#include <gtest/gtest.h>
#include <tornado/web.h>

#include <map>
#include <string>

namespace tornado::web {
namespace {

constexpr std::int64_t kNow = 1300000000;
constexpr std::int64_t kDay = 86400;

// The output of the reference code for these arguments at kNow.
const std::string kV1 = "aGVsbG8=|1300000000|b42dfbdb416a8e2d313fa45125819388803e8a95";
const std::string kV2 =
    "2|1:0|10:1300000000|4:user|8:aGVsbG8=|"
    "84de3e41f50325259d37bc92bde4249661ebaa3b46df5ad390813efa9d8a1a6d";
const std::string kV2Key3 =
    "2|1:3|10:1300000000|4:user|8:aGVsbG8=|"
    "dcaeb70eec07d09688b4340cec1cbb182c2d48c8dc513f805fd19cec8b651708";

std::optional<std::string> decode(const std::string& value, const std::string& name = "user",
                                  const CookieSecret& secret = "secret", double max_age_days = 31) {
  return decode_signed_value(secret, name, value, max_age_days, 1, kNow);
}

// WX-18
TEST(SignedValue, the_bytes_are_those_of_Tornado) {
  EXPECT_EQ(create_signed_value("secret", "user", "hello", 1, {}, kNow), kV1);
  EXPECT_EQ(create_signed_value("secret", "user", "hello", 2, {}, kNow), kV2);
  EXPECT_EQ(create_signed_value({{3, "k3"}}, "user", "hello", 2, 3, kNow), kV2Key3);
  EXPECT_EQ(kDefaultSignedValueVersion, 2);
  EXPECT_EQ(kDefaultSignedValueMinVersion, 1);
  EXPECT_EQ(kMinSupportedSignedValueVersion, 1);
  EXPECT_EQ(kMaxSupportedSignedValueVersion, 2);
}

// WX-18
TEST(SignedValue, what_was_signed_is_read) {
  EXPECT_EQ(decode(kV1), "hello");
  EXPECT_EQ(decode(kV2), "hello");
  EXPECT_EQ(decode(kV2Key3, "user", {{3, "k3"}}), "hello");
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  for (int version : {1, 2}) {
    for (const std::string& value : {std::string(), bytes, std::string(5000, '|')}) {
      EXPECT_EQ(decode(create_signed_value("s", "n|m", value, version, {}, kNow), "n|m", "s"),
                value);
    }
  }
}

// WX-18
TEST(SignedValue, another_name_or_key_is_refused) {
  for (const std::string& value : {kV1, kV2}) {
    EXPECT_EQ(decode(value, "User"), std::nullopt);
    EXPECT_EQ(decode(value, ""), std::nullopt);
    EXPECT_EQ(decode(value, "user", "Secret"), std::nullopt);
  }
}

// WX-18
TEST(SignedValue, it_is_good_for_max_age_days) {
  for (const int version : {1, 2}) {
    const auto made_at = [version](std::int64_t time) {
      return create_signed_value("secret", "user", "hello", version, {}, time);
    };
    EXPECT_EQ(decode(made_at(kNow - 31 * kDay)), "hello");
    EXPECT_EQ(decode(made_at(kNow - 31 * kDay - 1)), std::nullopt);
    EXPECT_EQ(decode(made_at(kNow - kDay), "user", "secret", 0.5), std::nullopt);
    EXPECT_EQ(decode(made_at(kNow - kDay), "user", "secret", 1.5), "hello");
  }
}

// WX-18
TEST(SignedValue, version_1_may_be_31_days_ahead_and_version_2_any) {
  EXPECT_EQ(decode(create_signed_value("secret", "user", "x", 1, {}, kNow + 31 * kDay)), "x");
  EXPECT_EQ(decode(create_signed_value("secret", "user", "x", 1, {}, kNow + 31 * kDay + 1)),
            std::nullopt);
  EXPECT_EQ(decode(create_signed_value("secret", "user", "x", 2, {}, kNow + 999 * kDay)), "x");
}

// The signature of version 1 does not say where the value ends and the time begins.
// WX-18
TEST(SignedValue, digits_moved_between_value_and_time_of_version_1_are_refused) {
  const std::string value =
      create_signed_value("secret", "user", std::string(6, '\xd7'), 1, {}, kNow);
  ASSERT_TRUE(value.starts_with("19fX19fX|1300000000|"));
  const std::string signature = value.substr(value.rfind('|'));
  const std::string joined = "19fX19fX1300000000";
  for (std::size_t cut = 0; cut <= joined.size(); ++cut) {
    const std::string moved = joined.substr(0, cut) + "|" + joined.substr(cut) + signature;
    EXPECT_EQ(decode(moved).has_value(), moved == value) << moved;
    // A leading zero is refused, however long the value is valid.
    if (cut == 12) {
      EXPECT_EQ(decode(moved, "user", "secret", 1e6), std::nullopt) << moved;
    }
  }
}

// Every byte changed to every other, every byte removed, doubled or inserted, and every prefix.
void expect_no_mutation_is_taken(const std::string& value, const CookieSecret& secret) {
  ASSERT_EQ(decode(value, "user", secret), "hello");
  int taken = 0;
  const auto attempt = [&](std::string mutation) {
    if (mutation == value || !decode(mutation, "user", secret)) return;
    ++taken;
    ADD_FAILURE() << "taken: " << mutation;
  };
  for (std::size_t i = 0; i <= value.size(); ++i) {
    attempt(value.substr(0, i));
    attempt(value.substr(i));
    for (int byte = 0; byte < 256 && taken < 10; ++byte) {
      const std::string c(1, static_cast<char>(byte));
      attempt(value.substr(0, i) + c + value.substr(i));
      if (i < value.size()) attempt(std::string(value).replace(i, 1, c));
    }
    if (i < value.size()) attempt(std::string(value).erase(i, 1));
    for (std::size_t k = i + 1; k < value.size(); ++k) {
      std::string swapped = value;
      std::swap(swapped[i], swapped[k]);
      attempt(std::move(swapped));
    }
  }
}

// WH-30
TEST(SignedValue, every_mutation_is_refused) {
  expect_no_mutation_is_taken(kV1, "secret");
  expect_no_mutation_is_taken(kV2, "secret");
  expect_no_mutation_is_taken(kV2Key3, {{1, "k1"}, {3, "k3"}});
}

// WX-18
TEST(SignedValue, other_text_is_refused_and_never_throws) {
  for (const char* value : {"",
                            "|",
                            "||",
                            "|||",
                            "2|",
                            "2||||",
                            "2|1:0",
                            "2|1:0|",
                            "2|1:0|1:1|1:a|1:b|",
                            "2|99999999999999999999:0|",
                            "2|-1:0|10:1300000000|4:user|8:aGVsbG8=|",
                            "2|1:x|1:1|4:user|0:|",
                            "3|1:0|10:1300000000|4:user|8:aGVsbG8=|x",
                            "1|2|3",
                            "999|x|y",
                            "1000|x|y",
                            "02|x|y",
                            "-2|x|y",
                            "a|b",
                            "a|b|c|d",
                            "\xff|\xff|\xff",
                            "99999999999999999999999|1|1"}) {
    EXPECT_EQ(decode(value), std::nullopt) << value;
  }
}

// ST-09
TEST(SignedValue, one_of_several_keys_signs_and_all_of_them_read) {
  const CookieSecret both = {{1, "old"}, {2, "new"}};
  const std::string by_old = create_signed_value(both, "user", "x", 2, 1, kNow);
  const std::string by_new = create_signed_value(both, "user", "x", 2, 2, kNow);
  EXPECT_NE(by_old, by_new);
  EXPECT_EQ(decode(by_old, "user", both), "x");
  EXPECT_EQ(decode(by_new, "user", both), "x");
  EXPECT_EQ(decode(by_old, "user", {{2, "new"}}), std::nullopt);
  EXPECT_EQ(decode(by_old, "user", {{1, "new"}}), std::nullopt);
  // With a single key, the version that a value names does not matter.
  EXPECT_EQ(decode(by_old, "user", "old"), "x");
  // Version 1 has no key version. Tornado fails with an assertion here.
  EXPECT_EQ(decode(kV1, "user", {{0, "secret"}}), std::nullopt);
}

// WX-18
TEST(SignedValue, get_signature_key_version) {
  EXPECT_EQ(get_signature_key_version(kV2Key3), 3);
  EXPECT_EQ(get_signature_key_version(kV2), 0);
  EXPECT_EQ(get_signature_key_version(kV1), std::nullopt);
  EXPECT_EQ(get_signature_key_version("2|1:3|broken"), std::nullopt);
  EXPECT_EQ(get_signature_key_version(""), std::nullopt);
}

// WX-18
TEST(SignedValue, min_version_2_refuses_version_1) {
  EXPECT_EQ(decode_signed_value("secret", "user", kV1, 31, 2, kNow), std::nullopt);
  EXPECT_EQ(decode_signed_value("secret", "user", kV2, 31, 2, kNow), "hello");
  EXPECT_THROW(decode_signed_value("secret", "user", kV2, 31, 3, kNow), std::invalid_argument);
}

// ST-09
TEST(SignedValue, no_key_and_unknown_versions_throw) {
  EXPECT_THROW(create_signed_value(CookieSecret(), "n", "v"), std::invalid_argument);
  EXPECT_THROW(create_signed_value("", "n", "v"), std::invalid_argument);
  EXPECT_THROW(decode_signed_value({}, "n", kV2), std::invalid_argument);
  EXPECT_THROW(create_signed_value("s", "n", "v", 3), std::invalid_argument);
  EXPECT_THROW(create_signed_value("s", "n", "v", 0), std::invalid_argument);
  const CookieSecret keys = {{1, "one"}, {2, ""}};
  EXPECT_THROW(create_signed_value(keys, "n", "v"), std::invalid_argument);
  EXPECT_THROW(create_signed_value(keys, "n", "v", 2, 7), std::invalid_argument);
  EXPECT_THROW(create_signed_value(keys, "n", "v", 2, 2), std::invalid_argument) << "an empty key";
  EXPECT_THROW(create_signed_value(keys, "n", "v", 1, 1), std::invalid_argument);
}

// ST-09
TEST(SignedValue, a_secret_is_made_of_what_the_program_has) {
  CookieSecret secret;
  EXPECT_TRUE(secret.empty());
  secret = "text";
  EXPECT_EQ(*secret.find(0), "text");
  secret = {{1, "one"}};
  EXPECT_TRUE(secret.versioned());
  EXPECT_EQ(secret.find(0), nullptr);
  secret = std::map<int, std::string>{{-5, "five"}};
  EXPECT_EQ(decode(create_signed_value(secret, "user", "x", 2, -5, kNow), "user", secret), "x");
}

}  // namespace
}  // namespace tornado::web
