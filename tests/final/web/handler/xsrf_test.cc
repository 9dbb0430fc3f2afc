#include <set>
#include <string>

#include "../web_test_tools.h"
#include "web/handler/session.h"

namespace tornado::web {
namespace {

using detail::decode_xsrf_token;
using httputil::HTTPHeaders;

const std::string kBytes = "0123456789abcdef";
const std::string kHex = "30313233343536373839616263646566";
// The same bytes, masked with 0x01020304.
const std::string kMasked = "2|01020304|3133313735373533393b626662666662|1300000000";

// ---- the text of tokens -------------------------------------------------------------------------

// WH-34
TEST(XsrfToken, the_text_is_Tornados) {
  EXPECT_EQ(detail::encode_xsrf_token_v1({{}, kBytes, 1300000000}), kHex);
  EXPECT_EQ(detail::encode_xsrf_token_v2({{}, kBytes, 1300000000}, "\x01\x02\x03\x04"), kMasked);
}

// WH-34
TEST(XsrfToken, both_versions_are_read) {
  const auto v2 = decode_xsrf_token(kMasked, 5);
  ASSERT_TRUE(v2);
  EXPECT_EQ(v2->version, 2);
  EXPECT_EQ(v2->bytes, kBytes);
  EXPECT_EQ(v2->timestamp, 1300000000);
  const auto v1 = decode_xsrf_token(kHex, 5);
  ASSERT_TRUE(v1);
  EXPECT_EQ(v1->version, 1);
  EXPECT_EQ(v1->bytes, kBytes);
  EXPECT_EQ(v1->timestamp, 5) << "it has none";
  EXPECT_EQ(decode_xsrf_token("any text", 5)->bytes, "any text");
  EXPECT_EQ(decode_xsrf_token("02|x", 5)->bytes, "02|x") << "no version";
  EXPECT_EQ(decode_xsrf_token("", 5)->bytes, "");
}

// WH-34
TEST(XsrfToken, other_text_is_refused) {
  for (const char* text :
       {"2|", "2||||", "2|01020304|30", "2|01020304|30|", "2|01020304|30|x", "2|01020304|30|1|",
        "2|010203|30|1", "2|0102030405|30|1", "2||30|1", "2|0102030g|30|1", "2|01020304|3|1",
        "2|01020304|30|-1", "2|01020304|30|99999999999999999999", "3|x", "1|x", "10|",
        "999|a|b|c"}) {
    EXPECT_EQ(decode_xsrf_token(text, 5).has_value(), false) << text;
  }
}

// WH-34
TEST(XsrfToken, a_prefix_of_a_token_is_never_the_token) {
  for (std::size_t size = 0; size < kMasked.size(); ++size) {
    const auto token = decode_xsrf_token(kMasked.substr(0, size), 5);
    // The time is not secret: only the text after the last pipe may be shorter.
    if (token && size <= kMasked.rfind('|')) {
      EXPECT_NE(token->bytes, kBytes) << size;
    }
  }
}

// ---- handlers -----------------------------------------------------------------------------------

struct Form : RequestHandler {
  struct Init {
    bool user = false;
  };
  void initialize(const Init& init) { user = init.user; }
  CurrentUser get_current_user() override { return user; }
  void prepare() { ++prepared; }
  void get() { write(xsrf_form_html()); }
  void head() {}
  void options() { write("options"); }
  void post() { write("posted"); }
  void put() { write("put"); }
  void patch() { write("patched"); }
  void delete_() { write("deleted"); }
  bool user = false;
  static inline int prepared = 0;
};

class XsrfTest : public WebTest {
 protected:
  static Settings settings() {
    Settings settings;
    settings.xsrf_cookies = true;
    return settings;
  }
  Application app_{{url<Form>("/"), url<Form>("/user", {.user = true})}, settings()};

  static std::string cookie_of(const Exchange& exchange) {
    const std::string field = exchange->sent_headers.get("Set-Cookie");
    return field.substr(0, field.find(';'));
  }
  static std::string token_of(const Exchange& exchange) {
    const std::string start = "value=\"";
    const auto begin = exchange->body.find(start) + start.size();
    return exchange->body.substr(begin, exchange->body.find('"', begin) - begin);
  }
  int post(const std::string& cookie, HTTPHeaders headers, const std::string& body = {}) {
    if (!cookie.empty()) headers.add("Cookie", cookie);
    if (!body.empty()) headers.add("Content-Type", "application/x-www-form-urlencoded");
    return Exchange(app_, "POST", "/", std::move(headers), body)->code;
  }
  void expect_refused(const std::string& why, HTTPHeaders headers) {
    const ExpectLog expected(log::gen_log, exactly("403 POST / (192.0.2.7): " + why));
    EXPECT_EQ(post("_xsrf=" + kHex, std::move(headers)), 403) << why;
  }
};

// WH-34
TEST_F(XsrfTest, a_form_has_the_token_of_its_cookie) {
  const Exchange get(app_, "GET", "/");
  EXPECT_EQ(get->body, "<input type=\"hidden\" name=\"_xsrf\" value=\"" + token_of(get) + "\"/>");
  EXPECT_EQ(cookie_of(get), "_xsrf=" + token_of(get));
  EXPECT_EQ(get->sent_headers.get("Set-Cookie"), cookie_of(get) + "; Path=/");
  EXPECT_TRUE(token_of(get).starts_with("2|"));
  EXPECT_EQ(post(cookie_of(get), {}, "_xsrf=" + token_of(get)), 200);
}

// WH-34
TEST_F(XsrfTest, the_cookie_is_set_once_and_each_page_masks_its_token_anew) {
  const Exchange first(app_, "GET", "/");
  const HTTPHeaders with_cookie = {{"Cookie", cookie_of(first)}};
  std::set<std::string> tokens = {token_of(first)};
  for (int i = 0; i < 10; ++i) {
    const Exchange again(app_, "GET", "/", with_cookie);
    EXPECT_FALSE(again->sent_headers.contains("Set-Cookie"));
    EXPECT_EQ(decode_xsrf_token(token_of(again), 0)->bytes,
              decode_xsrf_token(token_of(first), 0)->bytes);
    EXPECT_EQ(decode_xsrf_token(token_of(again), 0)->timestamp,
              decode_xsrf_token(token_of(first), 0)->timestamp);
    EXPECT_EQ(post(cookie_of(first), {{"X-Xsrftoken", token_of(again)}}), 200);
    tokens.insert(token_of(again));
  }
  EXPECT_EQ(tokens.size(), 11U);
}

// WH-34
TEST_F(XsrfTest, one_token_for_each_response) {
  struct Twice : RequestHandler {
    void get() { write(xsrf_token() + " " + xsrf_token()); }
  };
  Application app({url<Twice>("/")});
  const Exchange get(app, "GET", "/");
  const auto blank = get->body.find(' ');
  EXPECT_EQ(get->body.substr(0, blank), get->body.substr(blank + 1));
}

// WH-34
TEST_F(XsrfTest, an_argument_or_either_field_will_do_in_any_form) {
  const std::string cookie = "_xsrf=" + kHex;
  EXPECT_EQ(post(cookie, {}, "_xsrf=" + kHex), 200);
  EXPECT_EQ(post(cookie, {{"X-XSRFToken", kHex}}), 200);
  EXPECT_EQ(post(cookie, {{"X-CSRFToken", kHex}}), 200);
  EXPECT_EQ(post(cookie, {{"X-Xsrftoken", kMasked}}), 200) << "version 2 for version 1";
  EXPECT_EQ(post("_xsrf=" + kMasked, {{"X-Xsrftoken", kHex}}), 200) << "and the other way round";
  EXPECT_EQ(post("_xsrf=plain", {{"X-Xsrftoken", "plain"}}), 200);
  EXPECT_EQ(post(cookie, {{"X-Xsrftoken", kHex}}, "_xsrf="), 200) << "an empty argument is none";
  EXPECT_EQ(post(cookie, {{"X-Xsrftoken", kHex}}, "_xsrf=wrong"), 403) << "the argument goes first";
  EXPECT_EQ(Exchange(app_, "POST", "/?_xsrf=" + kHex, {{"Cookie", cookie}})->code, 200);
}

// WH-34
TEST_F(XsrfTest, what_is_missing_broken_or_different_is_403) {
  expect_refused("'_xsrf' argument missing from POST", {});
  const std::string broken = "'_xsrf' argument has invalid format";
  expect_refused(broken, {{"X-Xsrftoken", "3|x"}});
  expect_refused(broken, {{"X-Xsrftoken", "2|01020304||1"}});
  const std::string different = "XSRF cookie does not match POST argument";
  expect_refused(different, {{"X-Xsrftoken", "00" + kHex.substr(2)}});
  expect_refused(different, {{"X-Xsrftoken", kHex.substr(2)}});
}

// WH-34
TEST_F(XsrfTest, no_cookie_or_a_broken_one_matches_nothing) {
  for (const std::string cookie : {"", "_xsrf=", "_xsrf=3|x", "_xsrf=\"\"", "_xsrf=2|x|y|z"}) {
    EXPECT_EQ(post(cookie, {{"X-Xsrftoken", kHex}}), 403) << cookie;
    EXPECT_EQ(post(cookie, {{"X-Xsrftoken", cookie.substr(cookie.find('=') + 1)}}), 403) << cookie;
  }
  const Exchange get(app_, "GET", "/", {{"Cookie", "_xsrf=3|x"}});
  EXPECT_EQ(cookie_of(get), "_xsrf=" + token_of(get)) << "a new one replaces it";
}

// WH-34
TEST_F(XsrfTest, it_is_checked_for_what_changes_something_and_before_prepare) {
  for (const char* verb : {"GET", "HEAD", "OPTIONS"}) {
    EXPECT_EQ(Exchange(app_, verb, "/")->code, 200) << verb;
  }
  Form::prepared = 0;
  const HTTPHeaders good = {{"Cookie", "_xsrf=" + kHex}, {"X-Xsrftoken", kHex}};
  for (const char* verb : {"POST", "PUT", "PATCH", "DELETE"}) {
    EXPECT_EQ(Exchange(app_, verb, "/")->code, 403) << verb;
    EXPECT_EQ(Form::prepared, 0);
    EXPECT_EQ(Exchange(app_, verb, "/", good)->code, 200) << verb;
    Form::prepared = 0;
  }
  EXPECT_EQ(Exchange(app_, "POST", "/nowhere")->code, 404) << "nothing to protect";
}

// WH-34
TEST_F(XsrfTest, a_body_that_is_streamed_is_refused_before_its_first_piece) {
  struct Upload : RequestHandler {
    void data_received(std::string_view piece) { received += piece; }
    void put() { write(received); }
    std::string received;
  };
  Application app({url<Upload>("/")}, settings());
  EXPECT_EQ(Exchange(app, "PUT", "/", {{"Cookie", "_xsrf=" + kHex}}, "body")->code, 403);
  const Exchange good(app, "PUT", "/", {{"Cookie", "_xsrf=" + kHex}, {"X-Xsrftoken", kHex}},
                      "body");
  EXPECT_EQ(good->body, "body");
}

// WH-34
TEST_F(XsrfTest, it_is_not_checked_without_the_setting_and_a_class_may_pass) {
  Application app({url<Form>("/")});
  EXPECT_EQ(Exchange(app, "POST", "/")->code, 200);
  struct Hook : Form {
    void check_xsrf_cookie() override {}
  };
  Application passes({url<Hook>("/")}, settings());
  EXPECT_EQ(Exchange(passes, "POST", "/")->code, 200);
}

// WH-34
TEST_F(XsrfTest, a_logged_in_user_gets_30_days) {
  const std::string field = Exchange(app_, "GET", "/user")->sent_headers.get("Set-Cookie");
  EXPECT_NE(field.find("; expires="), std::string::npos) << field;
  EXPECT_EQ(Exchange(app_, "GET", "/")->sent_headers.get("Set-Cookie").find("; expires="),
            std::string::npos)
      << "and nobody else: the settings are not changed";
}

// ST-11
TEST_F(XsrfTest, version_1_is_the_same_text_in_each_response) {
  Settings chosen = settings();
  chosen.xsrf_cookie_version = 1;
  Application app({url<Form>("/")}, std::move(chosen));
  const Exchange get(app, "GET", "/");
  EXPECT_EQ(token_of(get).size(), 32U);
  const Exchange again(app, "GET", "/", {{"Cookie", cookie_of(get)}});
  EXPECT_EQ(token_of(again), token_of(get));
}

// ST-11
TEST_F(XsrfTest, kwargs_and_name_are_the_cookies) {
  Settings chosen = settings();
  chosen.xsrf_cookie_kwargs.httponly().samesite("Strict").max_age(60).secure();
  chosen.xsrf_cookie_name = "__Host-x";
  Application app({url<Form>("/")}, std::move(chosen));
  const Exchange get(app, "GET", "/");
  EXPECT_EQ(
      get->sent_headers.get("Set-Cookie"),
      "__Host-x=" + token_of(get) + "; HttpOnly; Max-Age=60; Path=/; SameSite=Strict; Secure");
  EXPECT_EQ(Exchange(app, "POST", "/", {{"Cookie", cookie_of(get)}, {"X-Xsrftoken", token_of(get)}})
                ->code,
            200);
  EXPECT_EQ(Exchange(app, "POST", "/", {{"Cookie", "_xsrf=" + kHex}, {"X-Xsrftoken", kHex}})->code,
            403);
}

// ST-11
TEST_F(XsrfTest, an_unknown_version_is_500) {
  Settings chosen = settings();
  chosen.xsrf_cookie_version = 3;
  Application app({url<Form>("/")}, std::move(chosen));
  const Exchange get(app, "GET", "/");
  EXPECT_EQ(get->code, 500);
  EXPECT_FALSE(get->sent_headers.contains("Set-Cookie"));
}

}  // namespace
}  // namespace tornado::web
