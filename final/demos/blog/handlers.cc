#include "handlers.h"

#include <tornado/escape.h>
#include <tornado/ioloop.h>
#include <tornado/template.h>

#include <ctime>

#include "markdown.h"
#include "password.h"

using namespace tornado;

namespace blog {
namespace {

constexpr const char* kUserCookie = "blog_user";
constexpr std::size_t kMostSlug = 80;

// Where a page sends the browser back to. Only a path of this site: anybody can make a link with
// another `next` in it, and "//host" and "/\host" are other sites to a browser.
std::string safe_next(const std::string& next) {
  const bool path = next.starts_with('/') && !next.starts_with("//") && !next.starts_with("/\\");
  return path ? next : "/";
}

// "What a day!" becomes "what-a-day".
std::string slug_of(std::string_view title) {
  std::string slug;
  for (const char c : title.substr(0, kMostSlug)) {
    const bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    const bool capital = c >= 'A' && c <= 'Z';
    if (word || capital) {
      slug += capital ? static_cast<char>(c + ('a' - 'A')) : c;
    } else if (!slug.empty() && slug.back() != '-') {
      slug += '-';
    }
  }
  while (slug.ends_with('-')) slug.pop_back();
  return slug.empty() ? "entry" : slug;
}

// What every page has: the database, and who is logged in.
struct BlogHandler : web::RequestHandler {
  struct Init {
    Database* database = nullptr;
  };
  void initialize(const Init& init) { db = init.database; }

  // get_current_user() could not wait for the database.
  Future<void> prepare() {
    const auto id = get_signed_cookie(kUserCookie);
    if (!id) co_return;
    const std::vector<std::string> arguments = {*id};
    const Rows rows = co_await db->query("SELECT id, name FROM authors WHERE id = $1", arguments);
    if (!rows.empty()) set_current_user(rows.front());
  }

  template_::Namespace get_template_namespace() override {
    template_::Namespace names = web::RequestHandler::get_template_namespace();
    if (current_user()) names.set("current_user", current_user<Row>());
    return names;
  }

  Future<bool> any_author() {
    const Rows rows = co_await db->query("SELECT id FROM authors LIMIT 1");
    co_return !rows.empty();
  }

  void log_in(const std::string& id) {
    set_signed_cookie(kUserCookie, id, 30, web::CookieOptions().httponly().samesite("Lax"));
    redirect(safe_next(get_argument("next", "/")));
  }

  // Hashing takes a processor for a while: not the loop's.
  static concurrent::Executor* threads() { return nullptr; }

  Database* db = nullptr;
};

struct HomeHandler : BlogHandler {
  Future<void> get() {
    const Rows entries =
        co_await db->query("SELECT * FROM entries ORDER BY published DESC LIMIT 5");
    render("home.html", {{"entries", entries}});
  }
};

struct EntryHandler : BlogHandler {
  Future<void> get(std::string slug) {
    const std::vector<std::string> arguments = {slug};
    const Rows entries = co_await db->query("SELECT * FROM entries WHERE slug = $1", arguments);
    if (entries.empty()) throw web::HTTPError(404);
    render("entry.html", {{"entry", entries.front()}});
  }
};

struct ArchiveHandler : BlogHandler {
  Future<void> get() {
    const Rows entries =
        co_await db->query("SELECT slug, title, published FROM entries ORDER BY published DESC");
    render("archive.html", {{"entries", entries}});
  }
};

struct FeedHandler : BlogHandler {
  Future<void> get() {
    const Rows entries =
        co_await db->query("SELECT * FROM entries ORDER BY published DESC LIMIT 10");
    set_header("Content-Type", "application/atom+xml; charset=UTF-8");
    render("feed.xml", {{"entries", entries}});
  }
};

struct ComposeHandler : BlogHandler {
  Future<void> get(web::authenticated) {
    const std::string id = get_argument("id", "");
    if (id.empty()) {
      render("compose.html", {{"entry", nullptr}});
      co_return;
    }
    const std::vector<std::string> arguments = {id};
    const Rows entries = co_await db->query("SELECT * FROM entries WHERE id = $1", arguments);
    if (entries.empty()) throw web::HTTPError(404);
    render("compose.html", {{"entry", entries.front()}});
  }

  Future<void> post(web::authenticated) {
    const std::string id = get_argument("id", "");
    const std::string title = get_argument("title");
    const std::string markdown = get_argument("markdown");
    const std::string html = markdown_to_html(markdown);
    const std::string now = std::to_string(std::time(nullptr));
    if (!id.empty()) {
      const std::vector<std::string> values = {title, markdown, html, now, id};
      const Rows changed = co_await db->query(
          "UPDATE entries SET title = $1, markdown = $2, html = $3, updated = $4 WHERE id = $5 "
          "RETURNING slug",
          values);
      if (changed.empty()) throw web::HTTPError(404);
      redirect("/entry/" + changed.front().at("slug"));
      co_return;
    }
    const std::string slug = co_await free_slug(slug_of(title));
    const std::vector<std::string> values = {
        random_id(), current_user<Row>().at("id"), slug, title, markdown, html, now};
    co_await db->query("INSERT INTO entries VALUES ($1, $2, $3, $4, $5, $6, $7, $7)", values);
    redirect("/entry/" + slug);
  }

  // The slug itself, or "slug-2" and so on if there is such an entry.
  Future<std::string> free_slug(std::string slug) {
    std::string free = slug;
    for (int number = 2;; ++number) {
      const std::vector<std::string> arguments = {free};
      const Rows taken = co_await db->query("SELECT id FROM entries WHERE slug = $1", arguments);
      if (taken.empty()) co_return free;
      free = slug + "-" + std::to_string(number);
    }
  }
};

struct AuthCreateHandler : BlogHandler {
  void get() { render("create_author.html", {{"error", ""}}); }

  // Only the first author makes an account here: it is a blog, not a club.
  Future<void> post() {
    if (co_await any_author()) throw web::HTTPError(400, "there is an author already");
    const std::string password = get_argument("password", false);
    const std::string hash =
        co_await ioloop::IOLoop::current().run_in_executor(threads(), &hash_password, password);
    const std::string id = random_id();
    const std::vector<std::string> values = {id, get_argument("email"), get_argument("name"), hash};
    co_await db->query("INSERT INTO authors (id, email, name, password) VALUES ($1, $2, $3, $4)",
                       values);
    log_in(id);
  }
};

struct AuthLoginHandler : BlogHandler {
  Future<void> get() {
    if (co_await any_author()) {
      render("login.html", {{"error", ""}});
    } else {
      redirect("/auth/create");
    }
  }

  Future<void> post() {
    const std::vector<std::string> arguments = {get_argument("email")};
    const Rows authors =
        co_await db->query("SELECT id, password FROM authors WHERE email = $1", arguments);
    // As much work for an unknown address: the time does not tell who has an account.
    const std::string stored = authors.empty() ? "scrypt$" : authors.front().at("password");
    const std::string password = get_argument("password", false);
    const bool right = co_await ioloop::IOLoop::current().run_in_executor(threads(), &is_password,
                                                                          password, stored);
    if (right) {
      log_in(authors.front().at("id"));
    } else {
      render("login.html", {{"error", "No author has this address and password."}});
    }
  }
};

struct AuthLogoutHandler : BlogHandler {
  void post() {
    clear_cookie(kUserCookie);
    redirect("/");
  }
};

}  // namespace

std::vector<web::URLSpec> routes(Database* database) {
  const BlogHandler::Init init{.database = database};
  return {
      web::url<HomeHandler>("/", init),
      web::url<ArchiveHandler>("/archive", init),
      web::url<FeedHandler>("/feed", init),
      web::url<EntryHandler>("/entry/([^/]+)", init),
      web::url<ComposeHandler>("/compose", init),
      web::url<AuthCreateHandler>("/auth/create", init),
      web::url<AuthLoginHandler>("/auth/login", init),
      web::url<AuthLogoutHandler>("/auth/logout", init),
  };
}

}  // namespace blog
