// A blog: one author writes entries in Markdown, everybody reads them.
#include <tornado/httpserver.h>
#include <tornado/ioloop.h>
#include <tornado/options.h>
#include <tornado/web.h>

#include <cstdio>
#include <memory>
#include <string>

#include "database.h"
#include "handlers.h"
#include "modules.h"
#include "password.h"

using namespace tornado;

namespace {

// [settings]
web::Settings settings(blog::Database* database) {
  web::Settings settings;
  settings.template_path = BLOG_TEMPLATES;  // CMakeLists.txt defines it
  settings.ui_modules = {{"Entry", web::ui_module<blog::EntryModule>}};
  settings.login_url = "/auth/login";
  settings.xsrf_cookies = true;
  settings.xsrf_cookie_name = "blog_xsrf";  // cookies ignore ports, and other demos have theirs
  settings.xsrf_cookie_kwargs = web::CookieOptions().httponly().samesite("Lax");
  settings.default_handler_class = blog::not_found(database);
  settings.extra["blog_title"] = options::get<std::string>("title");

  const auto secret = options::get<std::string>("cookie_secret");
  settings.cookie_secret = secret.empty() ? blog::random_id() : secret;
  return settings;
}
// [/settings]

void run() {
  auto& loop = ioloop::IOLoop::current();
  const auto database = blog::open_database(options::get<std::string>("database"));
  loop.run_sync([&database] { return blog::create_tables(database.get()); });

  web::Application app(blog::routes(database.get()), settings(database.get()));
  auto& server = app.listen(options::get<int>("port"));
  std::printf("listening on http://127.0.0.1:%d\n", server.port());
  std::fflush(stdout);
  ioloop::run_until_signal(server);
}

}  // namespace

int main(int argc, char** argv) {
  options::define<int>("port", 8888, "port to listen on; 0 takes any free one");
  options::define("database", "blog.db",
                  "file of a SQLite database, or postgresql://user@host/name");
  options::define("cookie_secret", "",
                  "what logins are signed with; without it they end when the program does");
  options::define("title", "Tornado Blog", "the blog's name");
  options::parse_command_line(argc, argv);
  try {
    run();
  } catch (const blog::DatabaseError& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}
