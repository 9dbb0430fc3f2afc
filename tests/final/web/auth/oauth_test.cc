// OAuth 1.0a, and Twitter, with a service on the same loop that checks every signature.
#include <set>

#include "auth_test_tools.h"
#include "base/text/base64.h"
#include "web/auth/oauth_signature.h"

namespace tornado::auth {
namespace {

// ---- the service --------------------------------------------------------------------------------

struct TwitterState {
  std::map<std::string, std::string> secrets;    // by token
  std::map<std::string, std::string> verifiers;  // by token
  std::set<std::string> nonces;
  int tokens = 0;
  bool confirms = true;
};
TwitterState twitter;

// Returns the fields of `Authorization: OAuth a="b", ...`.
Parameters authorization_fields(const std::string& field) {
  Parameters fields;
  EXPECT_TRUE(field.starts_with("OAuth ")) << field;
  std::size_t at = 6;
  while (at < field.size()) {
    const auto equals = field.find("=\"", at);
    const auto end = field.find('"', equals + 2);
    fields.emplace_back(field.substr(at, equals - at),
                        escape::url_unescape(field.substr(equals + 2, end - equals - 2), false));
    at = end + 3;
  }
  return fields;
}

// A page of the service that only responds to correctly signed requests.
struct SignedHandler : ServiceHandler {
  void answer() override {
    Parameters signed_ones;
    oauth.clear();
    for (auto& [name, value] : authorization_fields(request.headers.get("Authorization"))) {
      oauth[name] = value;
      if (name != "oauth_signature") signed_ones.emplace_back(name, value);
    }
    for (const auto& [name, values] : request.body_arguments()) {
      for (const auto& value : values) signed_ones.emplace_back(name, value);
    }
    const std::string token = oauth["oauth_token"];
    const std::string base = signature_base_string(request.method, request.full_url(), signed_ones);
    const bool good = oauth["oauth_consumer_key"] == "our key" &&
                      oauth["oauth_signature_method"] == "HMAC-SHA1" &&
                      (token.empty() || twitter.secrets.contains(token)) &&
                      twitter.nonces.insert(oauth["oauth_nonce"]).second &&
                      oauth["oauth_signature"] ==
                          hmac_sha1_signature(base, "our secret&", twitter.secrets[token]);
    if (!good) {
      refuse("bad signature");
    } else {
      answer_signed();
    }
  }
  virtual void answer_signed() = 0;
  void refuse(const std::string& why) {
    set_status(401);
    finish(why);
  }

  std::map<std::string, std::string> oauth;
};

struct RequestToken : SignedHandler {
  void answer_signed() override {
    service.fields = oauth;
    for (const auto& [name, values] : request.body_arguments()) service.fields[name] = values[0];
    const std::string token = "request/" + std::to_string(twitter.tokens++);
    twitter.secrets[token] = "request secret+";
    Parameters said = {{"oauth_token", token}, {"oauth_token_secret", twitter.secrets[token]}};
    if (twitter.confirms) said.emplace_back("oauth_callback_confirmed", "true");
    finish(httputil::url_concat("", said).substr(1));
  }
};

// A person who always agrees.
struct Authorize : ServiceHandler {
  void answer() override {
    require({"oauth_token"});
    const std::string token = sent(*this, "oauth_token");
    twitter.verifiers[token] = "verifier of " + token;
    std::string callback = service.fields["oauth_callback"];
    Parameters args = {{"oauth_token", token}, {"oauth_verifier", twitter.verifiers[token]}};
    if (callback.empty()) {
      callback = sent(*this, "oauth_callback");
      args.pop_back();
    }
    redirect(httputil::url_concat(callback, args));
  }
};

struct AccessToken : SignedHandler {
  void answer_signed() override {
    const std::string token = oauth["oauth_token"];
    if (oauth["oauth_verifier"] != twitter.verifiers[token] && twitter.confirms) {
      refuse("bad verifier");
      return;
    }
    twitter.secrets.erase(token);  // valid only once
    twitter.secrets["access"] = "access secret";
    finish("oauth_token=access&oauth_token_secret=access+secret&screen_name=foo&user_id=7");
  }
};

struct Credentials : SignedHandler {
  void answer_signed() override {
    EXPECT_EQ(oauth["oauth_token"], "access");
    finish(json{{"screen_name", "foo"}, {"name", "Foo"}});
  }
};
struct Update : SignedHandler {
  void answer_signed() override {
    finish(json{{"text", sent(*this, "status")}, {"entities", sent(*this, "include_entities")}});
  }
};
struct Search : ServiceHandler {
  void answer() override {
    finish(json{{"q", sent(*this, "q")}, {"authorization", request.headers.get("Authorization")}});
  }
};

// ---- the program --------------------------------------------------------------------------------

struct LocalTwitter : TwitterMixin {
  std::string oauth_request_token_url() const override { return service.url + "/request_token"; }
  std::string oauth_access_token_url() const override { return service.url + "/access_token"; }
  std::string oauth_authorize_url() const override { return service.url + "/authorize"; }
  std::string oauth_authenticate_url() const override { return service.url + "/authenticate"; }
  std::string twitter_base_url() const override { return service.url + "/api"; }
};

struct Login : Reporting, LocalTwitter {
  Future<void> get() {
    if (get_argument("oauth_token", "").empty()) {
      co_await authorize_redirect("/login?next=home");
    } else {
      const json user = co_await get_authenticated_user();
      finish(user);
    }
  }
};
struct SingleSignOn : Reporting, LocalTwitter {
  Future<void> get() { co_await authenticate_redirect("http://" + request.host + "/login"); }
};
struct OutOfBand : Reporting, LocalTwitter {
  Future<void> get() {
    const Parameters more = {{"x_auth_access_type", "read"}};
    co_await authorize_redirect("oob", more);
  }
};
struct NoCallback : Reporting, LocalTwitter {
  Future<void> get() { co_await authorize_redirect(get_argument("callback", "")); }
  bool oauth_no_callbacks() const override { return true; }
};
struct Forgetful : Reporting, LocalTwitter {
  void get() { static_cast<void>(authorize_redirect("/login")); }
};
struct Old : Login {
  std::string oauth_version() const override { return "1.0"; }
};
struct Api : Reporting, LocalTwitter {
  Future<void> get() {
    const std::string how = get_argument("how");
    const OAuthToken token(how == "nobody" ? "" : "access", "access secret");
    const Parameters args = {{"include_entities", "a b"}};
    if (how == "post") {
      const Parameters status = {{"status", "Hello & goodbye"}};
      const json answer = co_await twitter_request("/statuses/update", token, status, args);
      finish(answer);
    } else {
      const Parameters query = {{"q", "x"}};
      const json answer =
          co_await twitter_request(service.url + "/search", token, std::nullopt, query);
      finish(answer);
    }
  }
};
// Uses the token in the form in which get_authenticated_user() returns it.
struct ApiWithJson : Reporting, LocalTwitter {
  Future<void> get() {
    const json user = {{"access_token", {{"key", "access"}, {"secret", "access secret"}}}};
    const json answer =
        co_await twitter_request("/account/verify_credentials", user.at("access_token"));
    finish(answer);
  }
};

class OAuthTest : public AuthTest {
 protected:
  OAuthTest() { twitter = {}; }
  App get_app() override {
    return make_app({web::url<RequestToken>("/request_token"), web::url<Authorize>("/authorize"),
                     web::url<Authorize>("/authenticate"), web::url<AccessToken>("/access_token"),
                     web::url<Credentials>("/api/account/verify_credentials.json"),
                     web::url<Update>("/api/statuses/update.json"), web::url<Search>("/search")});
  }
  void SetUp() override {
    AuthTest::SetUp();
    web::Settings settings;
    settings.extra = {{"twitter_consumer_key", "our key"},
                      {"twitter_consumer_secret", "our secret&"}};
    serve({web::url<Login>("/login"), web::url<SingleSignOn>("/sso"), web::url<OutOfBand>("/oob"),
           web::url<NoCallback>("/no_callback"), web::url<Old>("/old"), web::url<Api>("/api"),
           web::url<ApiWithJson>("/api_with_json")},
          settings);
  }
  json get(const std::string& address) { return escape::json_decode(browser.get(address).body); }
  json get(Browser& other, const std::string& address) {
    return escape::json_decode(other.get(address).body);
  }
};

// AU-02 AU-06 ST-14
TEST_F(OAuthTest, a_person_logs_in) {
  const std::string there = browser.redirect(url + "/login");
  EXPECT_EQ(there, service.url + "/authorize?oauth_token=request%2F0");
  EXPECT_EQ(service.fields.at("oauth_callback"), url + "/login?next=home");
  EXPECT_EQ(service.fields.at("oauth_version"), "1.0");
  EXPECT_EQ(browser.cookies.at("_oauth_request_token"),
            base64_encode("request/0") + "|" + base64_encode("request secret+"));
  EXPECT_NE(browser.cookie_lines[0].find("HttpOnly"), std::string::npos);
  const std::string back = browser.redirect(there);
  EXPECT_EQ(get(back), (json{{"screen_name", "foo"},
                             {"name", "Foo"},
                             {"username", "foo"},
                             {"access_token",
                              {{"key", "access"},
                               {"secret", "access secret"},
                               {"screen_name", "foo"},
                               {"user_id", "7"}}}}));
  EXPECT_TRUE(browser.cookies.empty()) << "cleared";
  EXPECT_EQ(service.requests,
            (std::vector<std::string>{"POST /request_token", "GET /authorize", "POST /access_token",
                                      "GET /api/account/verify_credentials.json"}));
}

// AU-06
TEST_F(OAuthTest, authenticate_redirect_goes_to_another_page) {
  const std::string there = browser.redirect(url + "/sso");
  EXPECT_EQ(there, service.url + "/authenticate?oauth_token=request%2F0");
  EXPECT_EQ(get(browser.redirect(there)).at("username"), "foo");
}

// AU-02
TEST_F(OAuthTest, out_of_band_shows_the_address) {
  const HTTPResponse page = browser.get(url + "/oob");
  EXPECT_EQ(page.code, 200);
  EXPECT_EQ(page.body, service.url + "/authorize?oauth_token=request%2F0");
  EXPECT_EQ(page.headers.get("Content-Type"), "text/plain; charset=UTF-8");
  EXPECT_EQ(service.fields.at("oauth_callback"), "oob");
  EXPECT_EQ(service.fields.at("x_auth_access_type"), "read") << "signed, and sent as a form";
}

// AU-02
TEST_F(OAuthTest, a_service_may_want_no_callback) {
  EXPECT_EQ(browser.get(url + "/no_callback").code, 302);
  EXPECT_EQ(service.fields.at("oauth_callback"), "oob") << "RFC 5849 2.1: it must be there";
  const json page = get(url + "/no_callback?callback=/login");
  EXPECT_EQ(page.at("status"), 500);
  EXPECT_EQ(page.at("other"), "This service does not support oauth_callback");
}

// AU-02
TEST_F(OAuthTest, a_forgotten_await_shows_in_the_log) {
  const testing::ExpectLog expected(log::app_log, "(?s).*Cannot redirect after headers");
  app_->add_handlers(".*", {web::url<Forgetful>("/forgetful")});
  const HTTPResponse page = browser.get(url + "/forgetful");
  EXPECT_EQ(page.code, 200);
  EXPECT_EQ(page.body, "");
  test::run_until(io_loop, [&] { return expected.matched(); });
}

// AU-02
TEST_F(OAuthTest, version_1_0_has_no_verifier) {
  twitter.confirms = false;
  const std::string there = browser.redirect(url + "/old");
  EXPECT_FALSE(service.fields.contains("oauth_callback"));
  EXPECT_EQ(query(there).at("oauth_callback"), url + "/login?next=home");
  const std::string back = browser.redirect(there);
  const json user = get(url + "/old" + back.substr(back.find('?')));
  EXPECT_EQ(user.value("username", ""), "foo") << user;
}

// ---- rejected requests --------------------------------------------------------------------------

// AU-02
TEST_F(OAuthTest, a_verifier_is_good_once) {
  const std::string there = browser.redirect(url + "/login");
  const auto cookies = browser.cookies;
  const std::string back = browser.redirect(there);
  EXPECT_TRUE(get(back).contains("username"));
  EXPECT_EQ(get(back).at("auth_error"), "Missing OAuth request token cookie");
  browser.cookies = cookies;
  const json again = get(back);
  EXPECT_EQ(again.at("status"), 403);
  EXPECT_EQ(again.at("auth_error"),
            service.url + "/access_token answered HTTP 401 (bad signature)");
}

// AU-02
TEST_F(OAuthTest, another_verifier_is_refused) {
  const std::string back = browser.redirect(browser.redirect(url + "/login"));
  const json page = get(url + "/login?oauth_token=request%2F0&oauth_verifier=guess");
  EXPECT_EQ(page.at("status"), 403);
  EXPECT_EQ(page.at("service_status"), 401);
  EXPECT_EQ(page.at("auth_error"), service.url + "/access_token answered HTTP 401 (bad verifier)");
}

// AU-02
TEST_F(OAuthTest, no_verifier_is_a_bad_request) {
  browser.redirect(browser.redirect(url + "/login"));
  const json page = get(url + "/login?oauth_token=request%2F0");
  EXPECT_EQ(page.at("status"), 400);
  EXPECT_EQ(page.at("auth_error"), "the request has no oauth_verifier");
}

// AU-02
TEST_F(OAuthTest, another_browser_is_refused) {
  const std::string back = browser.redirect(browser.redirect(url + "/login"));
  Browser victim(io_loop);
  EXPECT_EQ(get(victim, back).at("auth_error"), "Missing OAuth request token cookie");
  victim.redirect(url + "/login");
  EXPECT_EQ(get(victim, back).at("auth_error"), "Request token does not match cookie");
  for (const char* bad : {"x", "|", "eA==", "!|!", "eA==|!", "|eA=="}) {
    victim.cookies["_oauth_request_token"] = bad;
    const json page = get(victim, url + "/login?oauth_token=x&oauth_verifier=y");
    EXPECT_EQ(page.at("status"), 403) << bad;
    EXPECT_EQ(page.at("auth_error"), "the OAuth request token cookie cannot be read") << bad;
  }
}

// AU-07
TEST_F(OAuthTest, a_person_who_says_no_is_not_asked_again) {
  const json page = get(url + "/login?denied=request%2F0");
  EXPECT_EQ(page.at("status"), 403);
  EXPECT_EQ(page.at("auth_error"), "the service sent the browser back: access denied");
}

// ---- a service that fails -----------------------------------------------------------------------

// AU-07
TEST_F(OAuthTest, a_callback_that_is_not_confirmed_is_an_error) {
  twitter.confirms = false;
  const json page = get(url + "/login");
  EXPECT_EQ(page.at("status"), 502);
  EXPECT_EQ(
      page.at("auth_error"),
      service.url + "/request_token did not confirm the callback: it supports OAuth 1.0 only");
}

// AU-07
TEST_F(OAuthTest, an_answer_without_a_token_is_an_error) {
  for (const char* body : {"", "oauth_token=x", "oauth_token_secret=x", "<html>", "{}",
                           "oauth_token=&oauth_token_secret="}) {
    service.failures = {{"/request_token", {200, body}}};
    const json page = get(url + "/login");
    EXPECT_EQ(page.at("status"), 502);
    EXPECT_EQ(page.at("auth_error"), service.url + "/request_token sent no token") << body;
  }
}

// AU-07
TEST_F(OAuthTest, each_request_may_fail) {
  const std::string there = browser.redirect(url + "/login");
  const std::string back = browser.redirect(there);
  const auto cookies = browser.cookies;
  for (const char* path :
       {"/request_token", "/access_token", "/api/account/verify_credentials.json"}) {
    const bool first = std::string_view(path) == "/request_token";
    twitter.secrets["request/0"] = "request secret+";
    browser.cookies = cookies;
    service.failures = {{path, {500, "no"}}};
    json page = get(first ? url + "/login" : back);
    EXPECT_EQ(page.at("status"), 502);
    EXPECT_EQ(page.at("auth_error"), service.url + path + " answered HTTP 500 (no)");

    twitter.secrets["request/0"] = "request secret+";
    browser.cookies = cookies;
    service.failures = {{path, {.silent = true}}};
    page = get(first ? url + "/login" : back);
    EXPECT_EQ(page.at("status"), 504);
    EXPECT_EQ(page.at("auth_error"),
              service.url + path + " did not answer: Timeout during request");
  }
}

// AU-07
TEST_F(OAuthTest, a_response_that_is_not_a_person_is_an_error) {
  for (const char* body : {"null", "[]", "{}", "false", "7"}) {
    const std::string back = browser.redirect(browser.redirect(url + "/login"));
    service.failures = {{"/api/account/verify_credentials.json", {200, body}}};
    const json page = get(back);
    EXPECT_EQ(page.at("auth_error"), "Error getting user") << body;
    service.failures.clear();
  }
}

// AU-06
TEST_F(OAuthTest, without_the_settings_it_says_which) {
  serve({web::url<Login>("/login")});
  const json page = get(url + "/login");
  EXPECT_EQ(page.at("status"), 500);
  EXPECT_NE(page.at("other").get<std::string>().find("twitter_consumer_key"), std::string::npos);
}

// ---- twitter_request ----------------------------------------------------------------------------

// AU-06
TEST_F(OAuthTest, twitter_request_signs_query_and_form) {
  twitter.secrets["access"] = "access secret";
  EXPECT_EQ(get(url + "/api?how=post"), (json{{"text", "Hello & goodbye"}, {"entities", "a b"}}));
  EXPECT_EQ(get(url + "/api_with_json").at("screen_name"), "foo");
  EXPECT_EQ(service.requests.front(), "POST /api/statuses/update.json");
}

// AU-06
TEST_F(OAuthTest, twitter_request_takes_urls_and_needs_no_token) {
  const json page = get(url + "/api?how=nobody");
  EXPECT_EQ(page, (json{{"q", "x"}, {"authorization", ""}}));
  EXPECT_NE(get(url + "/api?how=somebody").at("authorization"), "");
}

struct Parts : web::RequestHandler, LocalTwitter {
  void get() {
    const OAuthToken token("t", "ts");
    const std::string address = "http://h/p?a=1";
    Parameters first = oauth_request_parameters(address, token, {{"b", "2"}}, "PUT");
    const Parameters second = oauth_request_parameters(address, token);
    EXPECT_NE(first, second) << "another nonce";
    ASSERT_EQ(first.back().first, "oauth_signature");
    const std::string signature = first.back().second;
    first.pop_back();
    first.emplace_back("b", "2");
    EXPECT_EQ(signature, hmac_sha1_signature(signature_base_string("PUT", address, first),
                                             "our secret&", "ts"));
    std::string names;
    for (const auto& [name, value] : second) names += name + " ";
    write(names);
  }
};

// AU-02
TEST_F(OAuthTest, oauth_request_parameters_are_those_of_the_request) {
  app_->add_handlers(".*", {web::url<Parts>("/parts")});
  EXPECT_EQ(browser.get(url + "/parts").body,
            "oauth_consumer_key oauth_token oauth_signature_method oauth_timestamp oauth_nonce "
            "oauth_version oauth_signature ");
}

// ---- the real service ---------------------------------------------------------------------------

struct Endpoints : web::RequestHandler, TwitterMixin {
  void get() {
    write(oauth_request_token_url() + " " + oauth_authorize_url() + " " + oauth_access_token_url() +
          " " + oauth_authenticate_url() + " " + twitter_base_url() + " " + oauth_version());
  }
};

// AU-06
TEST_F(OAuthTest, the_endpoints_are_tornados) {
  app_->add_handlers(".*", {web::url<Endpoints>("/endpoints")});
  EXPECT_EQ(browser.get(url + "/endpoints").body,
            "https://api.twitter.com/oauth/request_token https://api.twitter.com/oauth/authorize "
            "https://api.twitter.com/oauth/access_token https://api.twitter.com/oauth/authenticate "
            "https://api.twitter.com/1.1 1.0a");
}

}  // namespace
}  // namespace tornado::auth
