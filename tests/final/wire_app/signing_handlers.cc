#include "signing_handlers.h"

#include <tornado/json.h>
#include <tornado/options.h>

#include <string>

using namespace tornado;

namespace {

// Whether the query has the argument; not if it is empty.
bool has(const web::RequestHandler& handler, const char* name) {
  return !handler.get_argument(name, "").empty();
}

struct CookiesHandler : web::RequestHandler {
  void get() { write(json{{"cookies", cookies()}}); }
};

struct SetCookieHandler : web::RequestHandler {
  void get() {
    web::CookieOptions options;
    options.domain(get_argument("domain", "", false)).path(get_argument("path", "/", false));
    options.samesite(get_argument("samesite", "", false));
    if (has(*this, "expires")) options.expires(std::stod(get_argument("expires")));
    if (has(*this, "max_age")) options.max_age(std::stoi(get_argument("max_age")));
    options.httponly(has(*this, "httponly")).secure(has(*this, "secure"));
    for (const std::string& value : get_arguments("value", false)) {
      set_cookie(get_argument("name", "c", false), value, options);
      set_cookie("last", "1");
    }
    if (has(*this, "error")) throw web::HTTPError(400);
  }
};

struct ClearCookieHandler : web::RequestHandler {
  void get() {
    if (has(*this, "name")) {
      clear_cookie(get_argument("name"), web::CookieOptions().path(get_argument("path", "/")));
    } else {
      clear_all_cookies();
    }
  }
};

struct SignedHandler : web::RequestHandler {
  void get() {
    const auto value = get_signed_cookie("user");
    write(value ? "[" + *value + "]" : "None");
  }
};

struct SetSignedHandler : web::RequestHandler {
  void get() {
    set_signed_cookie("user", get_argument("value", false), std::nullopt, {},
                      std::stoi(get_argument("version", "2")));
  }
};

struct XsrfHandler : web::RequestHandler {
  void get() { write(xsrf_form_html()); }
  void head() {}
  void options() {}
  void post() { write("accepted"); }
  void put() { post(); }
  void patch() { post(); }
  void delete_() { post(); }
};

struct PrivateHandler : web::RequestHandler {
  web::CurrentUser get_current_user() override { return get_signed_cookie("user"); }
  std::string get_login_url() const override {
    return get_argument("login", web::RequestHandler::get_login_url());
  }
  void get(web::authenticated) { write(current_user<std::string>()); }
  void head(web::authenticated) {}
  void post(web::authenticated) { get({}); }
};

}  // namespace

void add_signing_routes(std::vector<web::URLSpec>& routes) {
  routes.push_back(web::url<CookiesHandler>("/cookies"));
  routes.push_back(web::url<SetCookieHandler>("/cookies/set"));
  routes.push_back(web::url<ClearCookieHandler>("/cookies/clear"));
  routes.push_back(web::url<SignedHandler>("/signed"));
  routes.push_back(web::url<SetSignedHandler>("/signed/set"));
  routes.push_back(web::url<XsrfHandler>("/xsrf"));
  routes.push_back(web::url<PrivateHandler>("/private"));
}

void define_signing_options() {
  options::define<std::string>("cookie_secret", "secret");
  options::define<int>("key_version", 0, "not 0: the secret is that version of two");
  options::define<bool>("xsrf_cookies", false);
  options::define<int>("xsrf_cookie_version", 2);
  options::define<std::string>("login_url", "/login");
}

void set_signing_settings(web::Settings& settings) {
  settings.cookie_secret = options::get<std::string>("cookie_secret");
  if (const int version = options::get<int>("key_version"); version != 0) {
    settings.cookie_secret = {{version, options::get<std::string>("cookie_secret")},
                              {version + 1, "another"}};
    settings.key_version = version;
  }
  settings.xsrf_cookies = options::get<bool>("xsrf_cookies");
  settings.xsrf_cookie_version = options::get<int>("xsrf_cookie_version");
  settings.login_url = options::get<std::string>("login_url");
}
