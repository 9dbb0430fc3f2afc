// Accounts, for the guide's page about authentication.
#include <tornado/httpserver.h>
#include <tornado/ioloop.h>
#include <tornado/options.h>
#include <tornado/web.h>

#include <cstdio>
#include <string>

using namespace tornado;

// [base]
struct BaseHandler : web::RequestHandler {
  web::CurrentUser get_current_user() override { return get_signed_cookie("user"); }
};
// [/base]

// [handlers]
struct HomeHandler : BaseHandler {
  void get(web::authenticated) { write("Hello, " + current_user<std::string>() + "\n"); }
};

struct LoginHandler : BaseHandler {
  void get() { write("POST name and password here\n"); }
  void post() {
    const std::string name = get_body_argument("name");
    // A real program compares a slow hash (argon2, bcrypt): see final/demos/blog/password.cc.
    if (get_body_argument("password") != "open " + name) throw web::HTTPError(403);
    set_signed_cookie("user", name, 1);
    redirect("/");
  }
};

struct LogoutHandler : BaseHandler {
  void post() {
    clear_cookie("user");
    redirect("/login");
  }
};
// [/handlers]

int main(int argc, char** argv) {
  options::define<int>("port", 8888, "port to listen on; 0 takes any free one");
  options::define("cookie_secret", "", "signs the cookies: openssl rand -hex 32");
  options::parse_command_line(argc, argv);

  // [settings]
  web::Settings settings;
  settings.cookie_secret = options::get<std::string>("cookie_secret");
  settings.login_url = "/login";
  // [/settings]
  web::Application app({web::url<HomeHandler>("/"), web::url<LoginHandler>("/login"),
                        web::url<LogoutHandler>("/logout")},
                       settings);
  auto& server = app.listen(options::get<int>("port"), "127.0.0.1");
  std::printf("listening on http://127.0.0.1:%d\n", server.port());
  std::fflush(stdout);
  ioloop::run_until_signal(server);
}
