// OAuth 2.0, Google and Facebook, with services on the same loop.
#include <set>

#include "auth_test_tools.h"
#include "base/text/hex.h"
#include "web/handler/crypto.h"

namespace tornado::auth {
namespace {

// ---- a service with Google's endpoints ----------------------------------------------------------

struct GoogleState {
  std::map<std::string, std::string> challenges;  // by code
  std::set<std::string> used;
};
GoogleState google;

// A person who always agrees.
struct GoogleAuthorize : ServiceHandler {
  void answer() override {
    require({"client_id", "redirect_uri", "response_type"});
    const std::string code = "code-" + std::to_string(google.challenges.size() + 1);
    google.challenges[code] = sent(*this, "code_challenge");
    Parameters args = {{"code", code}};
    if (!sent(*this, "state").empty()) args.emplace_back("state", sent(*this, "state"));
    redirect(httputil::url_concat(sent(*this, "redirect_uri"), args));
  }
};

struct GoogleToken : ServiceHandler {
  void answer() override {
    for (const auto& [name, values] : request.body_arguments()) service.fields[name] = values[0];
    EXPECT_TRUE(request.query_arguments().empty());
    require({"client_id", "client_secret", "redirect_uri", "code"});
    EXPECT_EQ(sent(*this, "grant_type"), "authorization_code");
    const std::string code = sent(*this, "code");
    const auto known = google.challenges.find(code);
    if (known == google.challenges.end() || !google.used.insert(code).second) {
      set_status(400);
      finish(json{{"error", "invalid_grant"}, {"error_description", "Bad Request"}});
      return;
    }
    if (!known->second.empty() && challenge_of(sent(*this, "code_verifier")) != known->second) {
      set_status(400);
      finish(json{{"error", "invalid_grant"}, {"error_description", "code verifier"}});
      return;
    }
    finish(json{{"access_token", "token of " + code}, {"expires_in", 3600}});
  }
  // RFC 7636 4.6, without padding, and with two characters that differ from base64's.
  static std::string challenge_of(const std::string& verifier) {
    const std::string bytes = web::sha256(verifier);
    static constexpr char kDigits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string text;
    unsigned bits = 0;
    int count = 0;
    for (const char c : bytes) {
      bits = (bits << 8) | static_cast<unsigned char>(c);
      for (count += 8; count >= 6; count -= 6) text += kDigits[(bits >> (count - 6)) & 63];
    }
    return text + kDigits[(bits << (6 - count)) & 63];
  }
};

struct GoogleUserinfo : ServiceHandler {
  void answer() override {
    service.fields["authorization"] = request.headers.get("Authorization");
    service.fields["query"] = request.path == request.uri ? "" : request.uri;
    for (const auto& [name, values] : request.body_arguments()) service.fields[name] = values[0];
    finish(json{
        {"name", "Foo"}, {"email", "foo@example.com"}, {"token", sent(*this, "access_token")}});
  }
};

std::vector<web::URLSpec> google_routes() {
  return {web::url<GoogleAuthorize>("/authorize"), web::url<GoogleToken>("/token"),
          web::url<GoogleUserinfo>("/userinfo")};
}

web::Settings google_settings() {
  web::Settings settings;
  settings.extra = {{"google_oauth_key", "our id"}, {"google_oauth_secret", "our secret"}};
  return settings;
}

// ---- programs -----------------------------------------------------------------------------------

struct LocalGoogle : GoogleOAuth2Mixin {
  std::string oauth_authorize_url() const override { return service.url + "/authorize"; }
  std::string oauth_access_token_url() const override { return service.url + "/token"; }
  std::string oauth_userinfo_url() const override { return service.url + "/userinfo"; }
};

// Like the example in Tornado's documentation, which has neither a state nor PKCE.
struct GoogleLogin : Reporting, LocalGoogle {
  Future<void> get() {
    const std::string here = request.protocol + "://" + request.host + request.path;
    const std::string code = get_argument("code", "");
    if (code.empty()) {
      authorize_redirect({.redirect_uri = here,
                          .client_id = settings().extra.at("google_oauth_key"),
                          .extra_params = {{"approval_prompt", "auto"}},
                          .scope = {"profile", "email"}});
      co_return;
    }
    const json access = co_await get_authenticated_user(here, code);
    const std::string token = access.at("access_token");
    const json user = co_await oauth2_request(oauth_userinfo_url(), token);
    finish(json{{"access", access}, {"user", user}});
  }
  bool oauth_use_state() const override { return false; }
  bool oauth_use_pkce() const override { return false; }
};

// The mixin may come first, too.
struct SafeGoogleLogin : LocalGoogle, Reporting {
  Future<void> get() {
    const std::string here = request.protocol + "://" + request.host + request.path;
    const std::string code = get_argument("code", "");
    if (code.empty()) {
      authorize_redirect({.redirect_uri = here, .client_id = "our id"});
      co_return;
    }
    const json access = co_await get_authenticated_user(here, code);
    finish(access);
  }
};

class GoogleTest : public AuthTest {
 protected:
  GoogleTest() { google = {}; }
  App get_app() override { return make_app(google_routes()); }
  void SetUp() override {
    AuthTest::SetUp();
    serve({web::url<GoogleLogin>("/login"), web::url<SafeGoogleLogin>("/safe")}, google_settings());
  }
  json get(const std::string& address) { return escape::json_decode(browser.get(address).body); }
};

// AU-03 AU-04 ST-14
TEST_F(GoogleTest, a_person_logs_in) {
  const std::string there = browser.redirect(url + "/login");
  EXPECT_TRUE(there.starts_with(service.url + "/authorize?"));
  EXPECT_EQ(query(there), (std::map<std::string, std::string>{{"response_type", "code"},
                                                              {"redirect_uri", url + "/login"},
                                                              {"client_id", "our id"},
                                                              {"approval_prompt", "auto"},
                                                              {"scope", "profile email"}}));
  const std::string back = browser.redirect(there);
  EXPECT_EQ(back, url + "/login?code=code-1");
  const json page = get(back);
  EXPECT_EQ(page.at("access"), (json{{"access_token", "token of code-1"}, {"expires_in", 3600}}));
  EXPECT_EQ(page.at("user").at("email"), "foo@example.com");
  EXPECT_EQ(service.fields.at("client_id"), "our id");
  EXPECT_EQ(service.fields.at("client_secret"), "our secret");
  EXPECT_EQ(service.fields.at("redirect_uri"), url + "/login");
  EXPECT_TRUE(browser.cookies.empty());
}

// RFC 9700 4.3.2: not in the query, where Tornado puts it.
// AU-03
TEST_F(GoogleTest, the_token_is_sent_as_a_field) {
  browser.get(browser.redirect(browser.redirect(url + "/login")));
  EXPECT_EQ(service.fields.at("authorization"), "Bearer token of code-1");
  EXPECT_EQ(service.fields.at("query"), "");
}

// AU-04
TEST_F(GoogleTest, a_code_is_good_once) {
  const std::string back = browser.redirect(browser.redirect(url + "/login"));
  EXPECT_TRUE(get(back).contains("access"));
  const json second = get(back);
  EXPECT_EQ(second.at("status"), 403);
  EXPECT_EQ(second.at("error"), "invalid_grant");
  EXPECT_EQ(second.at("service_status"), 400);
  EXPECT_EQ(second.at("auth_error"),
            service.url + "/token answered HTTP 400: invalid_grant (Bad Request)");
}

// AU-04
TEST_F(GoogleTest, without_the_settings_it_says_which) {
  serve({web::url<GoogleLogin>("/login")});
  const json page = get(url + "/login?code=x");
  EXPECT_EQ(page.at("status"), 500);
  EXPECT_NE(page.at("other").get<std::string>().find("google_oauth_key"), std::string::npos);
}

// ---- state and PKCE -----------------------------------------------------------------------------

// AU-03
TEST_F(GoogleTest, state_and_pkce_go_round) {
  const std::string there = browser.redirect(url + "/safe");
  const auto asked = query(there);
  EXPECT_EQ(asked.at("state").size(), 43U);
  EXPECT_EQ(asked.at("code_challenge").size(), 43U);
  EXPECT_EQ(asked.at("code_challenge_method"), "S256");
  ASSERT_EQ(browser.cookie_lines.size(), 1U);
  const std::string& cookie = browser.cookie_lines[0];
  EXPECT_NE(cookie.find("HttpOnly"), std::string::npos);
  EXPECT_NE(cookie.find("SameSite=Lax"), std::string::npos);
  EXPECT_EQ(cookie.find("Secure"), std::string::npos) << "it came over http";
  EXPECT_EQ(get(browser.redirect(there)).at("access_token"), "token of code-1");
  EXPECT_TRUE(browser.cookies.empty()) << "used once";
  EXPECT_NE(query(browser.redirect(url + "/safe")).at("state"), asked.at("state"));
}

// AU-03
TEST_F(GoogleTest, another_state_is_refused) {
  const std::string back = browser.redirect(browser.redirect(url + "/safe"));
  const json page = get(back.substr(0, back.find("&state=")) + "&state=wrong");
  EXPECT_EQ(page.at("status"), 403);
  EXPECT_EQ(page.at("auth_error"),
            "the state is not the one that this browser was sent to log in with");
  EXPECT_EQ(get(back).at("status"), 403) << "no second try";
  EXPECT_EQ(service.requests, (std::vector<std::string>{"GET /authorize"}));
}

// AU-03
TEST_F(GoogleTest, no_state_is_refused) {
  const std::string back = browser.redirect(browser.redirect(url + "/safe"));
  EXPECT_EQ(get(back.substr(0, back.find("&state="))).at("status"), 403);
}

// An attacker sends a link that would log others into the attacker's account.
// AU-03
TEST_F(GoogleTest, a_link_of_somebody_else_is_refused) {
  const std::string back = browser.redirect(browser.redirect(url + "/safe"));
  Browser victim(io_loop);
  const json page = escape::json_decode(victim.get(back).body);
  EXPECT_EQ(page.at("status"), 403);
  EXPECT_EQ(page.at("auth_error"), "this browser was not sent to log in: it has no state");
  for (const char* forged : {".", "x", "x.", ".x"}) {
    victim.cookies["_oauth2_state"] = forged;
    EXPECT_EQ(escape::json_decode(victim.get(back).body).at("status"), 403) << forged;
  }
  EXPECT_EQ(service.requests, (std::vector<std::string>{"GET /authorize"}));
}

// Two of them in one URL: the service could send back either.
// AU-03
TEST_F(GoogleTest, a_state_of_the_programs_own_needs_ours_off) {
  struct OwnState : LocalGoogle, Reporting {
    void get() { authorize_redirect({.extra_params = {{"state", "mine"}}}); }
    bool oauth_use_state() const override { return request.path == "/ours"; }
  };
  app_->add_handlers(".*", {web::url<OwnState>("/ours"), web::url<OwnState>("/own")});
  EXPECT_EQ(query(browser.redirect(url + "/own")).at("state"), "mine");
  const json page = get(url + "/ours");
  EXPECT_EQ(page.at("status"), 500);
  EXPECT_EQ(page.at("other"), "extra_params has a state: override oauth_use_state() to send it");
}

// RFC 7636: the code alone is useless.
// AU-03
TEST_F(GoogleTest, a_code_of_another_browser_is_refused_by_the_service) {
  const std::string stolen = query(browser.redirect(browser.redirect(url + "/safe"))).at("code");
  Browser thief(io_loop);
  const std::string back = thief.redirect(thief.redirect(url + "/safe"));
  const std::string state = query(back).at("state");
  const json page = escape::json_decode(
      thief.get(url + "/safe?code=" + stolen + "&state=" + escape::url_escape(state)).body);
  EXPECT_EQ(page.at("status"), 403);
  EXPECT_EQ(page.at("error"), "invalid_grant");
}

// ---- failures -----------------------------------------------------------------------------------

// AU-07
TEST_F(GoogleTest, a_person_who_says_no_is_not_asked_again) {
  const json page = get(url + "/login?error=access_denied&error_description=The+person+said+no");
  EXPECT_EQ(page.at("status"), 403);
  EXPECT_EQ(page.at("error"), "access_denied");
  EXPECT_EQ(page.at("auth_error"),
            "the service sent the browser back: access_denied (The person said no)");
}

// AU-07
TEST_F(GoogleTest, what_anybody_may_write_is_one_printable_line_of_the_log) {
  const json page = get(url + "/login?error=no&error_description=a%0Dforged%C2%9B2J");
  EXPECT_EQ(page.at("auth_error"), "the service sent the browser back: no (a?forged??2J)");
}

// The argument may belong to another page.
// AU-07
TEST_F(GoogleTest, an_error_of_another_page_is_not_the_services) {
  struct Elsewhere : Reporting, LocalGoogle {
    void get() {
      authorize_redirect({.redirect_uri = get_argument("to", ""), .client_id = "our id"});
    }
  };
  app_->add_handlers(".*", {web::url<Elsewhere>("/page")});
  for (const char* to : {"http://h/login", "http://h", "http://h?/page", "/pages"}) {
    EXPECT_EQ(browser.get(url + "/page?error=1&to=" + escape::url_escape(to)).code, 302) << to;
  }
  for (const char* to : {"", "http://h/page", "http://h/page?x=1", "/page"}) {
    EXPECT_EQ(browser.get(url + "/page?error=1&to=" + escape::url_escape(to)).code, 403) << to;
  }
}

// AU-07
TEST_F(GoogleTest, no_code_is_a_bad_request) {
  struct Careless : Reporting, LocalGoogle {
    Future<void> get() { co_await get_authenticated_user("http://x/", get_argument("code", "")); }
  };
  serve({web::url<Careless>("/")}, google_settings());
  const json page = get(url + "/");
  EXPECT_EQ(page.at("status"), 400);
  EXPECT_EQ(page.at("auth_error"), "the request has no code");
}

// AU-07
TEST_F(GoogleTest, a_service_that_fails_is_a_bad_gateway) {
  const std::string address = service.url + "/token ";
  const std::vector<std::pair<ServiceState::Failure, std::string>> table = {
      {{500, "<h1>\xf0\x9f\x92\xa5</h1>\n"}, "answered HTTP 500 (<h1>\?\?\?\?</h1>?)"},
      {{500, ""}, "answered HTTP 500"},
      {{401, R"({"error": "invalid_client"})"},
       R"(answered HTTP 401: invalid_client ({"error": "invalid_client"}))"},
      {{302, ""}, "answered HTTP 302"},
      {{200, "access_token=x"}, "answered with invalid JSON: "},
      {{200, ""}, "answered with invalid JSON: "},
      {{200, "[]"}, "sent no access token"},
      {{200, "{}"}, "sent no access token"},
      {{200, R"({"access_token": 7})"}, "sent no access token"},
      {{200, R"({"access_token": ""})"}, "sent no access token"},
      {{200, "null"}, "sent no access token"},
      {{400, R"({"error": {"message": "Expired", "type": "OAuthException", "code": 190}})"},
       "answered HTTP 400: OAuthException (Expired)"},
      {{400, R"({"error": 7})"}, R"(answered HTTP 400 ({"error": 7}))"},
  };
  for (const auto& [failure, said] : table) {
    service.failures = {{"/token", failure}};
    const json page = get(url + "/login?code=x");
    EXPECT_EQ(page.at("status"), 502) << failure.body;
    EXPECT_TRUE(page.at("auth_error").get<std::string>().starts_with(address + said)) << page;
    EXPECT_EQ(page.at("service_status"), failure.status);
  }
  service.failures = {{"/userinfo", {500, "no"}}};
  const json page = get(browser.redirect(browser.redirect(url + "/login")));
  EXPECT_EQ(page.at("auth_error"), service.url + "/userinfo answered HTTP 500 (no)");
}

// AU-07
TEST_F(GoogleTest, long_answers_are_cut_and_have_no_line_breaks) {
  service.failures = {{"/token", {500, std::string(1000, 'x') + "\nforged line"}}};
  const std::string said = get(url + "/login?code=x").at("auth_error").get<std::string>();
  EXPECT_TRUE(said.ends_with("(" + std::string(200, 'x') + "...)")) << said;
}

// AU-07
TEST_F(GoogleTest, a_service_that_does_not_answer_is_a_gateway_timeout) {
  service.failures = {{"/token", {.silent = true}}};
  const json page = get(url + "/login?code=x");
  EXPECT_EQ(page.at("status"), 504);
  EXPECT_EQ(page.at("auth_error"), service.url + "/token did not answer: Timeout during request");
  EXPECT_EQ(page.at("has_cause"), true);
}

// AU-07
TEST_F(GoogleTest, a_service_that_is_not_there_is_a_bad_gateway) {
  http_server->stop();
  const json page = get(url + "/login?code=secret-code");
  EXPECT_EQ(page.at("status"), 502);
  EXPECT_EQ(page.at("has_cause"), true);
  EXPECT_EQ(page.at("service_status"), 0);
  EXPECT_EQ(page.at("auth_error").get<std::string>().find("secret-code"), std::string::npos);
}

// AU-07
TEST_F(GoogleTest, the_log_has_no_secrets) {
  const test::LogLines log;
  service.failures = {{"/token", {500, "no"}}};
  get(url + "/login?code=x");
  EXPECT_EQ(log.count("our secret"), 0U) << log.text();
  EXPECT_EQ(log.count("/token answered HTTP 500 (no)"), 1U) << log.text();
}

// AU-04
TEST_F(GoogleTest, a_person_who_leaves_costs_nothing) {
  service.failures = {{"/token", {.silent = true}}};
  {
    httpclient::HTTPRequest request(url + "/login?code=x");
    request.request_timeout = 1;
    const httpclient::AsyncHTTPClient client;
    EXPECT_THROW(io_loop.run_sync([&] { return client.fetch(std::move(request)); }),
                 httpclient::HTTPTimeoutError);
  }
  service.failures.clear();
  EXPECT_TRUE(get(browser.redirect(browser.redirect(url + "/login"))).contains("access"));
}

// ---- oauth2_request -----------------------------------------------------------------------------

struct Requests : Reporting, LocalGoogle {
  Future<void> get() {
    const std::string how = get_argument("how");
    std::optional<Parameters> post;
    if (how == "post") post = Parameters{{"message", "a&b"}};
    if (how == "empty post") post = Parameters();
    const Parameters args = {{"fields", "id,name"}};
    in_query_ = how == "query";
    std::string token = "t";
    if (how == "nobody") token.clear();
    const json answer = co_await oauth2_request(service.url + "/userinfo", token, post, args);
    finish(answer);
  }
  bool oauth_token_in_query() const override { return in_query_; }

 private:
  bool in_query_ = false;
};

// AU-03
TEST_F(GoogleTest, oauth2_request_gets_and_posts) {
  serve({web::url<Requests>("/")});
  get(url + "/?how=get");
  EXPECT_EQ(service.fields.at("query"), "/userinfo?fields=id%2Cname");
  get(url + "/?how=post");
  EXPECT_EQ(service.fields.at("message"), "a&b");
  EXPECT_EQ(service.fields.at("authorization"), "Bearer t");
  EXPECT_EQ(service.fields.at("query"), "/userinfo?fields=id%2Cname");
  get(url + "/?how=empty+post");
  // Without a token, Tornado drops the arguments.
  get(url + "/?how=nobody");
  EXPECT_EQ(service.fields.at("authorization"), "");
  EXPECT_EQ(service.fields.at("query"), "/userinfo?fields=id%2Cname");
  EXPECT_EQ(get(url + "/?how=query").at("token"), "t");
  EXPECT_EQ(service.fields.at("authorization"), "");
  EXPECT_EQ(service.requests,
            (std::vector<std::string>{"GET /userinfo", "POST /userinfo", "POST /userinfo",
                                      "GET /userinfo", "GET /userinfo"}));
}

// AU-03
TEST_F(GoogleTest, oauth_request_token_url_leaves_out_what_is_empty) {
  struct Shows : Reporting, LocalGoogle {
    void get() { write(oauth_request_token_url("http://x/", "i", "", "c", {{"grant_type", "g"}})); }
  };
  serve({web::url<Shows>("/")});
  EXPECT_EQ(browser.get(url).body,
            service.url + "/token?redirect_uri=http%3A%2F%2Fx%2F&code=c&client_id=i&grant_type=g");
}

// ---- the endpoints of the real services ---------------------------------------------------------

struct GoogleEndpoints : web::RequestHandler, GoogleOAuth2Mixin {
  void get() {
    write(oauth_authorize_url() + " " + oauth_access_token_url() + " " + oauth_userinfo_url());
  }
};
struct FacebookEndpoints : web::RequestHandler, FacebookGraphMixin {
  void get() {
    write(oauth_authorize_url() + " " + oauth_access_token_url() + " " + facebook_base_url());
  }
};

// AU-04 AU-05
TEST_F(AuthTest, the_endpoints_are_tornados) {
  serve({web::url<GoogleEndpoints>("/g"), web::url<FacebookEndpoints>("/f")});
  EXPECT_EQ(
      browser.get(url + "/g").body,
      "https://accounts.google.com/o/oauth2/v2/auth https://www.googleapis.com/oauth2/v4/token "
      "https://www.googleapis.com/oauth2/v1/userinfo");
  EXPECT_EQ(browser.get(url + "/f").body,
            "https://www.facebook.com/dialog/oauth https://graph.facebook.com/oauth/access_token "
            "https://graph.facebook.com");
}

// ---- a program's own client ---------------------------------------------------------------------

struct OwnClient : Reporting, LocalGoogle {
  Future<void> get() {
    const json answer = co_await oauth2_request("http://elsewhere.invalid/userinfo");
    finish(answer);
  }
  httpclient::AsyncHTTPClient get_auth_http_client() override {
    httpclient::ClientOptions options;
    options.resolver = std::make_shared<netutil::BlockingResolver>();
    netutil::OverrideResolver::Entry entry("elsewhere.invalid", "127.0.0.1");
    entry.new_port = static_cast<std::uint16_t>(std::stoi(service.url.substr(17)));
    options.hostname_mapping = {entry};
    return {httpclient::force_instance, options};
  }
};

// AU-03
TEST_F(GoogleTest, the_http_client_can_be_replaced) {
  serve({web::url<OwnClient>("/")});
  const json page = get(url + "/");
  EXPECT_EQ(page.value("name", ""), "Foo") << page;
}

// ---- Facebook -----------------------------------------------------------------------------------

struct FacebookToken : ServiceHandler {
  void answer() override {
    EXPECT_TRUE(request.query_arguments().empty());
    require({"client_id", "client_secret", "redirect_uri", "code"});
    finish(json{{"access_token", "fb-token"}, {"expires_in", 5183944}});
  }
};
struct FacebookMe : ServiceHandler {
  void answer() override {
    service.fields = {{"fields", sent(*this, "fields")},
                      {"appsecret_proof", sent(*this, "appsecret_proof")},
                      {"authorization", request.headers.get("Authorization")}};
    finish(json{{"id", "7"},
                {"name", "Ann B"},
                {"picture", {{"url", "p"}}},
                {"email", "a@b"},
                {"more", 1}});
  }
};
struct FacebookFeed : ServiceHandler {
  void answer() override { finish(json{{"id", sent(*this, "message")}}); }
};

struct FacebookLogin : Reporting, FacebookGraphMixin {
  Future<void> get() {
    if (get_argument("code", "").empty()) {
      authorize_redirect({.redirect_uri = "http://x/back", .client_id = "i"});
      co_return;
    }
    const std::vector<std::string> more = {"email", "id"};
    const json user = co_await get_authenticated_user("http://x/back", "i", "fb-secret", "c", more);
    finish(user);
  }
  Future<void> post() {
    const Parameters message = {{"message", "hello"}};
    const json entry = co_await facebook_request("/me/feed", "fb-token", message);
    finish(entry);
  }
  std::string oauth_authorize_url() const override { return service.url + "/dialog"; }
  bool oauth_use_state() const override { return false; }
  bool oauth_use_pkce() const override { return false; }
  std::string oauth_access_token_url() const override { return service.url + "/token"; }
  std::string facebook_base_url() const override { return service.url; }
};

class FacebookTest : public AuthTest {
 protected:
  App get_app() override {
    return make_app({web::url<FacebookToken>("/token"), web::url<FacebookMe>("/me"),
                     web::url<FacebookFeed>("/me/feed")});
  }
  void SetUp() override {
    AuthTest::SetUp();
    serve({web::url<FacebookLogin>("/login")});
  }
};

// AU-05
TEST_F(FacebookTest, a_person_logs_in) {
  EXPECT_EQ(
      browser.redirect(url + "/login"),
      service.url + "/dialog?response_type=code&redirect_uri=http%3A%2F%2Fx%2Fback&client_id=i");
  const json user = escape::json_decode(browser.get(url + "/login?code=c").body);
  EXPECT_EQ(user, (json{{"id", "7"},
                        {"name", "Ann B"},
                        {"first_name", nullptr},
                        {"last_name", nullptr},
                        {"locale", nullptr},
                        {"picture", {{"url", "p"}}},
                        {"link", nullptr},
                        {"email", "a@b"},
                        {"access_token", "fb-token"},
                        {"session_expires", "5183944"}}));
  EXPECT_EQ(service.fields.at("fields"), "id,name,first_name,last_name,locale,picture,link,email");
  // The result of Python's hmac module for key "fb-secret" and text "fb-token".
  EXPECT_EQ(service.fields.at("appsecret_proof"),
            "3a33c91971a202a41d4b26290bbb649a7e47fdb714d280c9d0a87b16b8ffc812");
  EXPECT_EQ(service.fields.at("authorization"), "Bearer fb-token");
}

// AU-05
TEST_F(FacebookTest, facebook_request_posts_to_a_path) {
  httpclient::HTTPRequest request(url + "/login", "POST");
  request.body = "";
  const httpclient::AsyncHTTPClient client;
  const auto response = io_loop.run_sync([&] { return client.fetch(std::move(request), false); });
  EXPECT_EQ(escape::json_decode(response.body), (json{{"id", "hello"}}));
  EXPECT_EQ(service.requests, (std::vector<std::string>{"POST /me/feed"}));
}

// AU-05
TEST_F(FacebookTest, a_response_without_data_about_the_person_is_an_error) {
  service.failures = {{"/me", {200, "null"}}};
  const json page = escape::json_decode(browser.get(url + "/login?code=c").body);
  EXPECT_EQ(page.at("status"), 502);
  EXPECT_EQ(page.at("auth_error"), "Facebook sent no data about the person");
}

}  // namespace
}  // namespace tornado::auth
