// Logging in with Google. Without a key from Google, a service on this machine takes its place.
#include <tornado/auth.h>
#include <tornado/httpserver.h>
#include <tornado/ioloop.h>
#include <tornado/json.h>
#include <tornado/options.h>
#include <tornado/template.h>
#include <tornado/web.h>

#include <cstdio>
#include <string>

#include "provider.h"

using namespace tornado;

namespace {

constexpr const char* kUserCookie = "google_auth_user";
constexpr const char* kLoginPath = "/auth/login";

struct BaseHandler : web::RequestHandler {
  // [user]
  // The cookie is signed, so it contains only what this program wrote.
  web::CurrentUser get_current_user() override {
    const auto cookie = get_signed_cookie(kUserCookie);
    if (!cookie) return {};
    return escape::json_decode(*cookie);
  }
  // [/user]

  void write_error(int status_code, const web::ErrorInfo&) override {
    render("error.html", {{"status", status_code}, {"reason", httputil::responses(status_code)}});
  }
};

struct HomeHandler : BaseHandler {
  void get() {
    if (current_user()) {
      render("home.html", {{"user", current_user<json>()}});
    } else {
      render("welcome.html");
    }
  }
};

// [login]
struct LoginHandler : BaseHandler, auth::GoogleOAuth2Mixin {
  Future<void> get() {
    const std::string here = request.protocol + "://" + request.host + request.path;
    const std::string code = get_argument("code", "");
    if (code.empty()) {
      authorize_redirect({.redirect_uri = here,
                          .client_id = settings().extra.at("google_oauth_key"),
                          .scope = {"profile", "email"}});
      co_return;
    }
    const json access = co_await get_authenticated_user(here, code);
    const std::string token = access.at("access_token");
    const json person = co_await oauth2_request(oauth_userinfo_url(), token);

    const json user = {{"name", person.value("name", "")}, {"email", person.value("email", "")}};
    set_signed_cookie(
        kUserCookie, escape::json_encode(user), 30,
        web::CookieOptions().httponly().samesite("Lax").secure(request.protocol == "https"));
    redirect("/");
  }
};
// [/login]

// [local]
// The same with a service elsewhere.
struct LocalLoginHandler : LoginHandler {
  struct Init {
    std::string provider;  // "http://127.0.0.1:9000"
  };
  void initialize(const Init& init) { provider = init.provider; }

  std::string oauth_authorize_url() const override { return provider + provider::kAuthorizePath; }
  std::string oauth_access_token_url() const override { return provider + provider::kTokenPath; }
  std::string oauth_userinfo_url() const override { return provider + provider::kUserinfoPath; }

  std::string provider;
};
// [/local]

struct LogoutHandler : BaseHandler {
  void post() {
    clear_cookie(kUserCookie);
    redirect("/");
  }
};

web::Settings settings(const provider::Client& client) {
  const auto secret = options::get<std::string>("cookie_secret");
  web::Settings settings;
  settings.template_path = GOOGLE_AUTH_TEMPLATES;  // CMakeLists.txt defines it
  settings.login_url = kLoginPath;
  settings.cookie_secret = secret.empty() ? provider::random_text() : secret;
  settings.xsrf_cookies = true;
  settings.xsrf_cookie_name = "google_auth_xsrf";  // cookies ignore ports
  settings.xsrf_cookie_kwargs = web::CookieOptions().httponly().samesite("Lax");
  settings.extra = {{"google_oauth_key", client.id}, {"google_oauth_secret", client.secret}};
  return settings;
}

void serve(web::Application& app, provider::Client& client) {
  auto& server = app.listen(options::get<int>("port"));
  client.port = server.port();
  std::printf("listening on http://127.0.0.1:%d\n", client.port);
  std::fflush(stdout);
  ioloop::run_until_signal(server);
}

// [provider]
// The service has a port of its own, on this machine only: to the browser it is a different site.
void serve_with_local_provider() {
  provider::Client client{
      .id = "local-key", .secret = provider::random_text(), .redirect_path = kLoginPath};
  web::Settings provider_settings;
  provider_settings.template_path = GOOGLE_AUTH_TEMPLATES;
  provider_settings.xsrf_cookies = true;
  provider_settings.xsrf_cookie_name = "provider_xsrf";
  web::Application service(provider::routes(&client), provider_settings);
  const auto& server = service.listen(options::get<int>("provider_port"), "127.0.0.1");
  const std::string address = "http://127.0.0.1:" + std::to_string(server.port());

  web::Application app(
      {web::url<HomeHandler>("/"), web::url<LocalLoginHandler>(kLoginPath, {.provider = address}),
       web::url<LogoutHandler>("/auth/logout")},
      settings(client));
  serve(app, client);
}
// [/provider]

void serve_with_google() {
  provider::Client client{.id = options::get<std::string>("google_oauth_key"),
                          .secret = options::get<std::string>("google_oauth_secret"),
                          .redirect_path = kLoginPath};
  web::Application app({web::url<HomeHandler>("/"), web::url<LoginHandler>(kLoginPath),
                        web::url<LogoutHandler>("/auth/logout")},
                       settings(client));
  serve(app, client);
}

}  // namespace

int main(int argc, char** argv) {
  options::define<int>("port", 8888, "port to listen on; 0 takes any free one");
  options::define<int>("provider_port", 0, "port of the local service; 0 takes any free one");
  options::define("google_oauth_key", "",
                  "the program's key at Google; without it, a local service");
  options::define("google_oauth_secret", "", "the secret of that key");
  options::define("cookie_secret", "",
                  "what logins are signed with; without it they end when the program does");
  options::parse_command_line(argc, argv);
  if (options::get<std::string>("google_oauth_key").empty()) {
    serve_with_local_provider();
  } else {
    serve_with_google();
  }
}
