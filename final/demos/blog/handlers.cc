#include "handlers.h"

#include <tornado/escape.h>
#include <tornado/ioloop.h>
#include <tornado/template.h>

#include <algorithm>
#include <chrono>

#include "entry.h"
#include "markdown.h"
#include "password.h"

using namespace tornado;

namespace blog {
namespace {

constexpr const char* kUserCookie = "blog_user";
constexpr std::size_t kMostName = 200;  // bytes of a title, a name, an address
constexpr std::size_t kMostSlug = 80;
constexpr std::size_t kLeastPassword = 8;

const std::string kEntries =
    "SELECT entries.*, authors.name AS author FROM entries "
    "JOIN authors ON authors.id = entries.author_id ";

// Returns the path to send the browser back to after a login. Accepts only paths of this site,
// because anybody can make a link with a different `next`. To a browser "//host" and "/\host" are
// other sites, even with tabs in between.
std::string safe_next(const std::string& next) {
  const bool path = next.starts_with('/') && !next.starts_with("//");
  const bool plain = std::ranges::none_of(next, [](char c) { return c <= ' ' || c == '\\'; });
  return path && plain ? next : "/";
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

// [base]
// The base of every page: it has the database, and knows who is logged in.
struct BlogHandler : web::RequestHandler {
  struct Init {
    Database* database;
  };
  void initialize(const Init& init) { db = init.database; }

  // get_current_user() is synchronous, so the look-up is here.
  Future<void> prepare() {
    const auto id = get_signed_cookie(kUserCookie);
    if (!id) co_return;
    const std::vector<std::string> arguments = {*id};
    const Rows rows = co_await db->query("SELECT id, name FROM authors WHERE id = $1", arguments);
    if (!rows.empty()) set_current_user(Author{rows[0].at("id"), rows[0].at("name")});
  }

  template_::Namespace get_template_namespace() override {
    template_::Namespace names = web::RequestHandler::get_template_namespace();
    names.set("blog_title", settings().extra.at("blog_title"));
    if (current_user()) names.set("current_user", current_user<Author>());
    return names;
  }

  void write_error(int status_code, const web::ErrorInfo&) override {
    render("error.html", {{"status", status_code}, {"reason", httputil::responses(status_code)}});
  }
  // [/base]

  // Returns a line of a form. It must be present, and no longer than people need.
  std::string line(const std::string& name) const {
    const std::string text = get_body_argument(name);
    if (text.empty() || text.size() > kMostName) throw web::HTTPError(400, "bad " + name);
    return without_form_feeds(text);
  }

  // XML cannot express these characters, and entries appear in a feed.
  static std::string without_form_feeds(std::string text) {
    std::ranges::replace_if(text, [](char c) { return c == '\f' || c == '\v'; }, ' ');
    return text;
  }

  Future<bool> any_author() {
    const Rows rows = co_await db->query("SELECT id FROM authors LIMIT 1");
    co_return !rows.empty();
  }

  void log_in(const std::string& id) {
    const bool https = request.protocol == "https";
    set_signed_cookie(kUserCookie, id, 30,
                      web::CookieOptions().httponly().samesite("Lax").secure(https));
    redirect(safe_next(get_argument("next", "/")));
  }
  // Returns the query with which another page of the login goes on to the same place.
  std::string same_next() {
    const std::string next = get_argument("next", "");
    return next.empty() ? "" : "?next=" + escape::url_escape(next);
  }

  Database* db = nullptr;
};

// ---- reading ------------------------------------------------------------------------------------

// [home]
struct HomeHandler : BlogHandler {
  Future<void> get() {
    const Rows rows = co_await db->query(kEntries + "ORDER BY published DESC LIMIT 5");
    render("home.html", {{"entries", entries_of(rows)}});
  }
};
// [/home]

struct EntryHandler : BlogHandler {
  Future<void> get(std::string slug) {
    const std::vector<std::string> arguments = {slug};
    const Rows rows = co_await db->query(kEntries + "WHERE slug = $1", arguments);
    if (rows.empty()) throw web::HTTPError(404);
    render("entry.html", {{"entry", entry_of(rows[0])}});
  }
};

struct ArchiveHandler : BlogHandler {
  Future<void> get() {
    const Rows rows =
        co_await db->query("SELECT slug, title, published FROM entries ORDER BY published DESC");
    render("archive.html", {{"entries", entries_of(rows)}});
  }
};

struct FeedHandler : BlogHandler {
  Future<void> get() {
    const Rows rows = co_await db->query(kEntries + "ORDER BY published DESC LIMIT 10");
    set_header("Content-Type", "application/atom+xml; charset=UTF-8");
    const std::string site = request.protocol + "://" + request.host;
    render("feed.xml", {{"entries", entries_of(rows)}, {"site", site}});
  }
};

struct NotFoundHandler : BlogHandler {
  Future<void> prepare() {
    co_await BlogHandler::prepare();
    throw web::HTTPError(404);
  }
  void check_xsrf_cookie() override {}  // it changes nothing
};

// ---- writing ------------------------------------------------------------------------------------

// [compose]
struct ComposeHandler : BlogHandler {
  Future<void> get(web::authenticated) {
    const std::string id = get_argument("id", "");
    if (id.empty()) {
      render("compose.html", {{"entry", nullptr}});
      co_return;
    }
    const std::vector<std::string> arguments = {id};
    const Rows rows = co_await db->query("SELECT * FROM entries WHERE id = $1", arguments);
    if (rows.empty()) throw web::HTTPError(404);
    render("compose.html", {{"entry", entry_of(rows[0])}});
  }

  Future<void> post(web::authenticated) {
    const std::string id = get_body_argument("id", "");
    const std::string title = line("title");
    const std::string markdown = without_form_feeds(get_body_argument("markdown", false));
    std::string slug;
    if (id.empty()) {
      slug = co_await insert(title, markdown);
    } else {
      slug = co_await update(id, title, markdown);
    }
    redirect("/entry/" + slug);
  }
  // [/compose]

  // The URL does not change.
  Future<std::string> update(std::string id, std::string title, std::string markdown) {
    const std::vector<std::string> arguments = {title, markdown, markdown_to_html(markdown), now(),
                                                id};
    const Rows rows = co_await db->query(
        "UPDATE entries SET title = $1, markdown = $2, html = $3, updated = $4 WHERE id = $5 "
        "RETURNING slug",
        arguments);
    if (rows.empty()) throw web::HTTPError(404);
    co_return rows[0].at("slug");
  }

  // The second entry with the same title becomes "title-2". The database decides which one is
  // second.
  Future<std::string> insert(std::string title, std::string markdown) {
    const std::string slug = slug_of(title);
    std::string free = slug;
    for (int number = 2;; ++number) {
      const std::vector<std::string> arguments = {
          random_id(), current_user<Author>().id,  free, title,
          markdown,    markdown_to_html(markdown), now()};
      const Rows rows = co_await db->query(
          "INSERT INTO entries (id, author_id, slug, title, markdown, html, published, updated) "
          "VALUES ($1, $2, $3, $4, $5, $6, $7, $7) ON CONFLICT (slug) DO NOTHING RETURNING slug",
          arguments);
      if (!rows.empty()) co_return free;
      free = slug + "-" + std::to_string(number);
    }
  }

  static std::string now() { return time_text(std::chrono::system_clock::now()); }
};

// ---- authors ------------------------------------------------------------------------------------

// Only the first visitor can create an account here: it is a blog, not a club.
struct AuthCreateHandler : BlogHandler {
  Future<void> get() {
    const bool any = co_await any_author();
    if (any) {
      redirect("/auth/login" + same_next());
    } else {
      render("create_author.html", {{"error", ""}});
    }
  }

  // [password]
  Future<void> post() {
    const std::string email = line("email");
    const std::string name = line("name");
    const std::string password = get_body_argument("password", false);
    if (password.size() < kLeastPassword) {
      set_status(400);
      render("create_author.html", {{"error", "The password needs 8 characters or more."}});
      co_return;
    }
    // Hashing takes a processor for a while, so it does not run on the loop.
    const std::string hash =
        co_await ioloop::IOLoop::current().run_in_executor(nullptr, &hash_password, password);
    const std::vector<std::string> arguments = {random_id(), email, name, hash};
    const Rows rows = co_await db->query(
        "INSERT INTO authors (id, email, name, password) SELECT $1, $2, $3, $4 "
        "WHERE NOT EXISTS (SELECT id FROM authors) RETURNING id",
        arguments);
    if (rows.empty()) throw web::HTTPError(403, "there is an author already");
    log_in(rows[0].at("id"));
  }
  // [/password]
};

struct AuthLoginHandler : BlogHandler {
  Future<void> get() {
    const bool any = co_await any_author();
    if (any) {
      render("login.html", {{"error", ""}});
    } else {
      redirect("/auth/create" + same_next());
    }
  }

  Future<void> post() {
    const std::vector<std::string> arguments = {get_body_argument("email")};
    const Rows rows =
        co_await db->query("SELECT id, password FROM authors WHERE email = $1", arguments);
    // Do as much work for an unknown address, so that the time does not reveal who has an account.
    std::string stored = kNobodysPassword;
    if (!rows.empty()) stored = rows[0].at("password");
    const std::string password = get_body_argument("password", false);
    const bool right =
        co_await ioloop::IOLoop::current().run_in_executor(nullptr, &is_password, password, stored);
    if (right) {
      log_in(rows[0].at("id"));
    } else {
      set_status(403);
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

// [routes]
std::vector<web::URLSpec> routes(Database* database) {
  const BlogHandler::Init init{.database = database};
  return {
      web::url<HomeHandler>("/", init),
      web::url<ArchiveHandler>("/archive", init),
      web::url<FeedHandler>("/feed", init),
      web::url<EntryHandler>("/entry/([a-z0-9-]+)", init),
      web::url<ComposeHandler>("/compose", init),
      web::url<AuthCreateHandler>("/auth/create", init),
      web::url<AuthLoginHandler>("/auth/login", init),
      web::url<AuthLogoutHandler>("/auth/logout", init),
  };
}
// [/routes]

routing::RuleTarget not_found(Database* database) {
  return web::handler<NotFoundHandler>({.database = database});
}

}  // namespace blog
