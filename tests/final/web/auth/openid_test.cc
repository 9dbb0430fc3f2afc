// OpenID 2.0, with a service on the same loop, and the code that all mixins share.
#include <set>

#include "auth_test_tools.h"

namespace tornado::auth {
namespace {

// ---- the service --------------------------------------------------------------------------------

std::map<std::string, std::string> assertions;  // signed texts, by nonce; each is valid once

// Signs a person's fields, in the order of their names.
Parameters assertion_for(const std::string& return_to,
                         const std::map<std::string, std::string>& said) {
  std::map<std::string, std::string> fields = said;
  fields["op_endpoint"] = service.url + "/openid";
  fields["return_to"] = return_to;
  fields["response_nonce"] = "2026-11-21T12:00:00Z" + std::to_string(assertions.size());
  std::string names;
  std::string values;
  for (const auto& [name, value] : fields) {
    names += (names.empty() ? "" : ",") + name;
    values += name + ":" + value + "\n";
  }
  assertions[fields["response_nonce"]] = values;
  Parameters sent = {{"openid.ns", "http://specs.openid.net/auth/2.0"},
                     {"openid.mode", "id_res"},
                     {"openid.signed", names}};
  for (const auto& [name, value] : fields) sent.emplace_back("openid." + name, value);
  return sent;
}

// A check of an assertion (OpenID Authentication 2.0 section 11.4.2).
struct OpenIdEndpoint : ServiceHandler {
  void answer() override {
    if (request.method == "GET") {
      for (const auto& [name, values] : request.query_arguments()) service.fields[name] = values[0];
      return;
    }
    EXPECT_EQ(sent(*this, "openid.mode"), "check_authentication");
    std::string values;
    std::string names = sent(*this, "openid.signed") + ",";
    while (!names.empty()) {
      const std::string name = names.substr(0, names.find(','));
      names.erase(0, name.size() + 1);
      values += name + ":" + sent(*this, "openid." + name) + "\n";
    }
    const auto known = assertions.find(sent(*this, "openid.response_nonce"));
    const bool good = known != assertions.end() && known->second == values;
    if (known != assertions.end()) assertions.erase(known);
    finish("ns:http://specs.openid.net/auth/2.0\nis_valid:" + std::string(good ? "true" : "false") +
           "\n");
  }
};

// ---- the program --------------------------------------------------------------------------------

struct OpenIdLogin : Reporting, OpenIdMixin {
  Future<void> get() {
    if (get_argument("openid.mode", "").empty()) {
      const std::string callback = get_argument("callback", "");
      if (get_argument("attributes", "all") == "all") {
        authenticate_redirect(callback);
      } else {
        authenticate_redirect(callback, get_arguments("attributes"));
      }
      co_return;
    }
    const json user = co_await get_authenticated_user();
    finish(user);
  }
  std::string openid_endpoint() const override { return service.url + "/openid"; }
};

class OpenIdTest : public AuthTest {
 protected:
  OpenIdTest() { assertions.clear(); }
  App get_app() override { return make_app({web::url<OpenIdEndpoint>("/openid")}); }
  void SetUp() override {
    AuthTest::SetUp();
    serve({web::url<OpenIdLogin>("/login")});
  }
  json get(const std::string& address) { return escape::json_decode(browser.get(address).body); }
  // Fetches the page, for a person with these signed fields.
  json come_back(const std::map<std::string, std::string>& said) {
    return get(httputil::url_concat(url + "/login", assertion_for(url + "/login", said)));
  }

  const std::map<std::string, std::string> ann_ = {
      {"claimed_id", "http://ann.example/"},
      {"identity", "http://ann.example/"},
      {"ns.ext1", "http://openid.net/srv/ax/1.0"},
      {"ext1.mode", "fetch_response"},
      {"ext1.type.email", "http://axschema.org/contact/email"},
      {"ext1.value.email", "ann@example.com"},
      {"ext1.type.firstname", "http://axschema.org/namePerson/first"},
      {"ext1.value.firstname", "Ann"},
      {"ext1.type.lastname", "http://axschema.org/namePerson/last"},
      {"ext1.value.lastname", "B\xc3\xb6ll"},
      {"ext1.type.language", "http://axschema.org/pref/language"},
      {"ext1.value.language", "DE-de"},
      {"ext1.type.nick", "http://axschema.org/namePerson/friendly"},
      {"ext1.value.nick", "ann7"},
  };
};

// AU-01
TEST_F(OpenIdTest, the_browser_is_sent_with_what_is_asked_for) {
  const std::string there = browser.redirect(url + "/login?x=1");
  EXPECT_TRUE(there.starts_with(service.url + "/openid?"));
  EXPECT_EQ(query(there),
            (std::map<std::string, std::string>{
                {"openid.ns", "http://specs.openid.net/auth/2.0"},
                {"openid.claimed_id", "http://specs.openid.net/auth/2.0/identifier_select"},
                {"openid.identity", "http://specs.openid.net/auth/2.0/identifier_select"},
                {"openid.return_to", url + "/login?x=1"},
                {"openid.realm", url + "/"},
                {"openid.mode", "checkid_setup"},
                {"openid.ns.ax", "http://openid.net/srv/ax/1.0"},
                {"openid.ax.mode", "fetch_request"},
                {"openid.ax.type.firstname", "http://axschema.org/namePerson/first"},
                {"openid.ax.type.fullname", "http://axschema.org/namePerson"},
                {"openid.ax.type.lastname", "http://axschema.org/namePerson/last"},
                {"openid.ax.type.email", "http://axschema.org/contact/email"},
                {"openid.ax.type.language", "http://axschema.org/pref/language"},
                {"openid.ax.type.username", "http://axschema.org/namePerson/friendly"},
                {"openid.ax.required", "firstname,fullname,lastname,email,language,username"}}));
}

// AU-01
TEST_F(OpenIdTest, callback_and_attributes_can_be_chosen) {
  const auto sent = query(browser.redirect(url + "/login?callback=/back&attributes=email"));
  EXPECT_EQ(sent.at("openid.return_to"), url + "/back");
  EXPECT_EQ(sent.at("openid.ax.required"), "email");
  EXPECT_FALSE(sent.contains("openid.ax.type.username"));
  const json page = get(url + "/login?attributes=shoe_size");
  EXPECT_EQ(page.at("status"), 500);
  EXPECT_EQ(page.at("other"), "unknown attribute \"shoe_size\"");
}

// AU-01
TEST_F(OpenIdTest, a_person_logs_in) {
  EXPECT_EQ(come_back(ann_), (json{{"first_name", "Ann"},
                                   {"last_name", "B\xc3\xb6ll"},
                                   {"name", "Ann B\xc3\xb6ll"},
                                   {"email", "ann@example.com"},
                                   {"locale", "de-de"},
                                   {"username", "ann7"},
                                   {"claimed_id", "http://ann.example/"}}));
  EXPECT_EQ(service.requests, (std::vector<std::string>{"POST /openid"}));
}

// AU-01
TEST_F(OpenIdTest, the_name_is_made_of_what_there_is) {
  const auto name = [&](std::map<std::string, std::string> said) {
    said["ns.ax"] = "http://openid.net/srv/ax/1.0";
    return come_back(said).value("name", "nobody");
  };
  const std::map<std::string, std::string> email = {
      {"ax.type.e", "http://axschema.org/contact/email"}, {"ax.value.e", "ann@example.com"}};
  EXPECT_EQ(name(email), "ann");
  auto both = email;
  both.insert({{"ax.type.l", "http://axschema.org/namePerson/last"}, {"ax.value.l", "Last"}});
  EXPECT_EQ(name(both), "Last");
  both.insert({{"ax.type.n", "http://axschema.org/namePerson"}, {"ax.value.n", "Whole Name"}});
  EXPECT_EQ(name(both), "Whole Name");
  EXPECT_EQ(name({}), "nobody");
  EXPECT_EQ(come_back({{"claimed_id", "http://ann.example/"}}),
            (json{{"claimed_id", "http://ann.example/"}}));
}

// ---- rejected requests --------------------------------------------------------------------------

// AU-01
TEST_F(OpenIdTest, an_assertion_is_good_once) {
  const std::string back =
      httputil::url_concat(url + "/login", assertion_for(url + "/login", ann_));
  EXPECT_EQ(get(back).value("username", ""), "ann7");
  const json again = get(back);
  EXPECT_EQ(again.at("status"), 403);
  EXPECT_EQ(again.at("auth_error"), "the service did not confirm the OpenID response");
}

// AU-01
TEST_F(OpenIdTest, only_the_line_is_valid_counts) {
  for (const char* body : {"", "is_valid:false\n", "error:not is_valid:true\n", "xis_valid:true",
                           "is_valid:truely\n"}) {
    service.failures = {{"/openid", {200, body}}};
    EXPECT_EQ(come_back(ann_).at("status"), 403) << body;
  }
  service.failures = {{"/openid", {200, "ns:x\nis_valid:true"}}};
  EXPECT_EQ(come_back(ann_).value("username", ""), "ann7");
}

// An attacker adds fields to a genuine assertion of their own.
// AU-01
TEST_F(OpenIdTest, what_is_not_signed_does_not_count) {
  Parameters sent = assertion_for(url + "/login", {{"claimed_id", "http://eve.example/"}});
  for (const auto& [name, value] : ann_) {
    if (name.find("ext1") != name.npos) sent.emplace_back("openid." + name, value);
  }
  EXPECT_EQ(get(httputil::url_concat(url + "/login", sent)),
            (json{{"claimed_id", "http://eve.example/"}}));

  // The type is signed, but the value is not.
  sent = assertion_for(url + "/login", {{"ns.ax", "http://openid.net/srv/ax/1.0"},
                                        {"ax.type.e", "http://axschema.org/contact/email"}});
  sent.emplace_back("openid.ax.value.e", "ann@example.com");
  EXPECT_EQ(get(httputil::url_concat(url + "/login", sent)), json::object());
}

// AU-01
TEST_F(OpenIdTest, an_assertion_for_another_page_is_refused) {
  for (const std::string& other : {url + "/other", std::string("http://elsewhere.example/login"),
                                   url + "/login?x=1", url + "/login/", std::string()}) {
    const json page = get(httputil::url_concat(url + "/login", assertion_for(other, ann_)));
    EXPECT_EQ(page.at("status"), 403) << other;
    EXPECT_EQ(page.at("auth_error"), "the OpenID response is not for this page") << other;
  }
  EXPECT_TRUE(service.requests.empty());
  const json page =
      get(httputil::url_concat(url + "/login?x=1&y=2", assertion_for(url + "/login?x=1", ann_)));
  EXPECT_EQ(page.value("username", ""), "ann7") << page;
}

// AU-01
TEST_F(OpenIdTest, an_assertion_of_another_service_is_refused) {
  const std::string ours = service.url;
  service.url = "http://evil.example";
  const Parameters sent = assertion_for(url + "/login", ann_);
  service.url = ours;
  const json page = get(httputil::url_concat(url + "/login", sent));
  EXPECT_EQ(page.at("auth_error"), "the OpenID response does not come from " + ours + "/openid");
  EXPECT_TRUE(service.requests.empty());
}

// AU-01
TEST_F(OpenIdTest, an_assertion_without_a_nonce_is_refused) {
  Parameters sent = assertion_for(url + "/login", ann_);
  std::erase_if(sent, [](const auto& field) { return field.first == "openid.response_nonce"; });
  EXPECT_EQ(get(httputil::url_concat(url + "/login", sent)).at("auth_error"),
            "the OpenID response has no signed nonce");
}

// AU-07
TEST_F(OpenIdTest, a_person_who_cancels_is_not_logged_in) {
  const json page = get(url + "/login?openid.mode=cancel");
  EXPECT_EQ(page.at("status"), 403);
  EXPECT_EQ(page.at("error"), "cancel");
  EXPECT_EQ(get(url + "/login?openid.mode=setup_needed").at("status"), 400);
}

// AU-07
TEST_F(OpenIdTest, a_service_that_fails_is_a_bad_gateway) {
  service.failures = {{"/openid", {503, "later"}}};
  json page = come_back(ann_);
  EXPECT_EQ(page.at("status"), 502);
  EXPECT_EQ(page.at("auth_error"), service.url + "/openid answered HTTP 503 (later)");
  service.failures = {{"/openid", {.silent = true}}};
  page = come_back(ann_);
  EXPECT_EQ(page.at("status"), 504);
  EXPECT_EQ(page.at("auth_error"), service.url + "/openid did not answer: Timeout during request");
}

// ---- shared by all mixins -----------------------------------------------------------------------

struct NoHandler : OpenIdMixin {
  std::string openid_endpoint() const override { return {}; }
};

// AU-07
TEST(AuthMixin, a_mixin_needs_a_handler) {
  NoHandler alone;
  EXPECT_THROW(alone.authenticate_redirect(), std::logic_error);
}

// AU-07
TEST(AuthError, is_an_error_page_unless_it_is_caught) {
  const AuthError error("no such person");
  EXPECT_EQ(error.status_code, 403);
  EXPECT_NE(std::string(error.what()).find("no such person"), std::string::npos);
  EXPECT_EQ(AuthError("the service is down", 502).status_code, 502);
  EXPECT_EQ(error.service_status, 0);
  EXPECT_EQ(error.cause, nullptr);
}

// Messages from services and browsers go to the log, not into the page.
struct Plain : web::RequestHandler, OpenIdMixin {
  Future<void> get() {
    const json user = co_await get_authenticated_user();
    finish(user);
  }
  std::string openid_endpoint() const override { return service.url + "/openid"; }
};

// AU-07
TEST_F(OpenIdTest, the_page_of_an_error_tells_nothing) {
  const test::LogLines log;
  app_->add_handlers(".*", {web::url<Plain>("/plain")});
  service.failures = {{"/openid", {500, "words of the service"}}};
  const HTTPResponse page =
      browser.get(httputil::url_concat(url + "/plain", assertion_for(url + "/plain", ann_)));
  EXPECT_EQ(page.code, 502);
  EXPECT_EQ(page.body.find("words of the service"), std::string::npos);
  EXPECT_EQ(log.count("words of the service"), 1U) << log.text();
}

}  // namespace
}  // namespace tornado::auth
