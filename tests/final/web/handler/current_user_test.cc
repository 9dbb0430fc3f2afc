#include <gtest/gtest.h>
#include <tornado/gen.h>
#include <tornado/ioloop.h>
#include <tornado/web.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "../fake_connection.h"

namespace tornado::web {
namespace {

using httputil::HTTPHeaders;

struct Author {
  int id = 0;
  std::string name;
};

// ---- CurrentUser --------------------------------------------------------------------------------

// WH-31
TEST(CurrentUser, a_user_is_of_any_type) {
  const CurrentUser author = Author{7, "Ann"};
  ASSERT_TRUE(author);
  EXPECT_EQ(author.as<Author>().name, "Ann");
  EXPECT_EQ(author.get_if<std::string>(), nullptr);
  EXPECT_THROW(author.as<int>(), std::logic_error);
  const CurrentUser copy = author;
  EXPECT_EQ(copy.get_if<Author>(), author.get_if<Author>()) << "shared";
  EXPECT_EQ(CurrentUser(42).as<int>(), 42);
  EXPECT_EQ(CurrentUser("ann").as<std::string>(), "ann");
  EXPECT_EQ(CurrentUser(std::string_view("ann")).as<std::string>(), "ann");
  EXPECT_EQ(CurrentUser(std::optional<std::string>("ann")).as<std::string>(), "ann");
  EXPECT_EQ(CurrentUser(std::make_shared<Author>(Author{1, "Bo"})).as<Author>().name, "Bo");
  EXPECT_EQ(CurrentUser(std::make_shared<const Author>(Author{1, "Bo"})).as<Author>().name, "Bo");
  EXPECT_EQ(CurrentUser(std::vector<int>{1}).as<std::vector<int>>().size(), 1U);
}

// WH-31
TEST(CurrentUser, what_is_false_in_Python_is_nobody) {
  const Author* const null = nullptr;
  const char* const no_text = nullptr;
  for (const CurrentUser& user :
       {CurrentUser(), CurrentUser(nullptr), CurrentUser(std::nullopt), CurrentUser(""),
        CurrentUser(std::string()), CurrentUser(std::optional<std::string>()),
        CurrentUser(std::optional<std::string>("")), CurrentUser(0), CurrentUser(false),
        CurrentUser(std::shared_ptr<Author>()), CurrentUser(std::vector<int>()),
        CurrentUser(std::map<int, int>()), CurrentUser(null), CurrentUser(no_text)}) {
    EXPECT_FALSE(user);
    EXPECT_EQ(user.get_if<Author>(), nullptr);
    EXPECT_EQ(user.get_if<std::string>(), nullptr);
    EXPECT_THROW(user.as<Author>(), std::logic_error);
  }
}

// ---- handlers -----------------------------------------------------------------------------------

int asked = 0;

// The user's name is in the field X-User.
struct Base : RequestHandler {
  CurrentUser get_current_user() override {
    ++asked;
    return request.headers.get("X-User");
  }
  const std::string& user() { return current_user<std::string>(); }
};

struct Greeting : Base {
  void get() {
    if (!current_user()) return;
    write("Hello, " + user());
    write(" and " + user());
  }
};

// WH-31
TEST(CurrentUser, it_is_asked_for_once_and_only_if_needed) {
  struct Silent : Base {
    void get() {}
  };
  Application app({url<Greeting>("/"), url<Silent>("/silent")});
  asked = 0;
  EXPECT_EQ(Exchange(app, "GET", "/", {{"X-User", "Ann"}})->body, "Hello, Ann and Ann");
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(Exchange(app, "GET", "/")->body, "");
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(Exchange(app, "GET", "/silent", {{"X-User", "Ann"}})->code, 200);
  EXPECT_EQ(asked, 2);
}

// WH-31
TEST(CurrentUser, to_use_nobody_is_403_and_another_type_500) {
  struct Careless : Base {
    void get() { write(user()); }
  };
  struct Wrong : Base {
    void get() { write(current_user<Author>().name); }
  };
  Application app({url<Careless>("/careless"), url<Wrong>("/wrong")});
  EXPECT_EQ(Exchange(app, "GET", "/careless")->code, 403);
  EXPECT_EQ(Exchange(app, "GET", "/wrong", {{"X-User", "Ann"}})->code, 500);
}

// WH-31
TEST(CurrentUser, nobody_unless_a_class_says_so) {
  struct Plain : RequestHandler {
    void get() { write(current_user() ? "somebody" : "nobody"); }
  };
  Application app({url<Plain>("/")});
  EXPECT_EQ(Exchange(app, "GET", "/")->body, "nobody");
}

// WH-31
TEST(CurrentUser, a_prepare_that_waits_may_set_it) {
  struct Late : RequestHandler {
    Future<void> prepare() {
      co_await gen::moment;
      set_current_user(Author{1, "Ann"});
    }
    void get(authenticated) { write(current_user<Author>().name); }
  };
  ioloop::IOLoop loop;
  Application app({url<Late>("/")});
  const Exchange exchange(app, "GET", "/");
  loop.call_later(0.01, [&] { loop.stop(); });
  loop.start();
  EXPECT_EQ(exchange->body, "Ann");
}

// ---- authenticated ------------------------------------------------------------------------------

struct Compose : Base {
  void get(authenticated) { write("a form for " + user()); }
  void head(authenticated) {}
  void post(authenticated) { write("kept for " + user()); }
  void put() { write("anybody"); }
};

struct Entry : Base {
  Future<void> get(authenticated, int id, std::string slug) {
    co_await gen::moment;
    write(user() + " " + std::to_string(id) + " " + slug);
  }
  asynchronous delete_(authenticated, const PathArgs& captures) {
    finish(*captures.at(0));
    return {};
  }
};

struct Half : Base {
  void get() {
    write("for everybody");
    require_login();
    write(" and for " + user());
  }
};

Settings with_login(std::string login_url) {
  Settings settings;
  settings.login_url = std::move(login_url);
  return settings;
}

struct Site {
  explicit Site(std::string login_url) : app(routes(), with_login(std::move(login_url))) {}
  static std::vector<URLSpec> routes() {
    return {url<Compose>("/compose"), url<Entry>("/entry/([^/]*)/(.*)"), url<Half>("/half")};
  }
  Application app;
};

// WX-15
TEST(Authenticated, a_user_gets_the_verb) {
  ioloop::IOLoop loop;
  Site site("/login");
  const HTTPHeaders ann = {{"X-User", "Ann"}};
  EXPECT_EQ(Exchange(site.app, "GET", "/compose", ann)->body, "a form for Ann");
  EXPECT_EQ(Exchange(site.app, "POST", "/compose", ann, "x")->body, "kept for Ann");
  EXPECT_EQ(Exchange(site.app, "DELETE", "/entry/8/x", ann)->body, "8");
  EXPECT_EQ(Exchange(site.app, "GET", "/half", ann)->body, "for everybody and for Ann");
  EXPECT_EQ(Exchange(site.app, "GET", "/entry/eight/x", ann)->code, 404);
  const Exchange entry(site.app, "GET", "/entry/8/x", ann);
  loop.call_later(0.01, [&] { loop.stop(); });
  loop.start();
  EXPECT_EQ(entry->body, "Ann 8 x");
}

// WX-15
TEST(Authenticated, GET_and_HEAD_are_sent_to_the_login) {
  ioloop::IOLoop loop;
  Site site("/login");
  for (const char* verb : {"GET", "HEAD"}) {
    const Exchange exchange(site.app, verb, "/compose?id=1&x=a%20b");
    EXPECT_EQ(exchange->code, 302);
    EXPECT_EQ(exchange->sent_headers["Location"], "/login?next=%2Fcompose%3Fid%3D1%26x%3Da%2520b");
    EXPECT_EQ(exchange->body, "");
  }
  EXPECT_EQ(Exchange(site.app, "GET", "/entry/8/x")->code, 302) << "a coroutine";
  // No verb has run, so the response does not reveal what a verb would say about the path.
  EXPECT_EQ(Exchange(site.app, "GET", "/entry/eight/x")->code, 302);
  EXPECT_EQ(Exchange(site.app, "PUT", "/compose", {}, "x")->body, "anybody");
}

// WX-15
TEST(Authenticated, other_methods_are_403) {
  Site site("/login");
  EXPECT_EQ(Exchange(site.app, "POST", "/compose", {}, "x")->code, 403);
  EXPECT_EQ(Exchange(site.app, "DELETE", "/entry/8/x")->code, 403);
}

// ST-10 WX-15
TEST(Authenticated, an_absolute_login_url_gets_an_absolute_next) {
  Site site("https://login.example.com/in");
  EXPECT_EQ(Exchange(site.app, "GET", "/compose?a=1")->sent_headers["Location"],
            "https://login.example.com/in?next=http%3A%2F%2Fexample.com%2Fcompose%3Fa%3D1");
}

// ST-10 WX-15
TEST(Authenticated, a_login_url_with_a_query_stays_as_it_is) {
  Site site("/login?from=here");
  EXPECT_EQ(Exchange(site.app, "GET", "/compose")->sent_headers["Location"], "/login?from=here");
}

// WX-15
TEST(Authenticated, a_colon_in_the_path_makes_no_absolute_url) {
  Site site("/log:in");
  EXPECT_EQ(Exchange(site.app, "GET", "/compose")->sent_headers["Location"],
            "/log:in?next=%2Fcompose");
}

// WH-32
TEST(Authenticated, without_login_url_it_is_500) {
  Site site("");
  EXPECT_EQ(Exchange(site.app, "GET", "/compose")->code, 500);
  EXPECT_EQ(Exchange(site.app, "POST", "/compose", {}, "x")->code, 403);
}

// WH-32
TEST(Authenticated, a_class_may_have_a_login_of_its_own) {
  struct Admin : Base {
    std::string get_login_url() const override { return "/admin/login"; }
    void get(authenticated) {}
  };
  Site site("/login");
  Application app({url<Admin>("/admin")}, with_login("/login"));
  EXPECT_EQ(Exchange(app, "GET", "/admin")->sent_headers["Location"], "/admin/login?next=%2Fadmin");
}

// WX-15
TEST(Authenticated, require_login_in_the_middle_drops_what_was_written) {
  Site site("/login");
  const Exchange exchange(site.app, "GET", "/half");
  EXPECT_EQ(exchange->code, 302);
  EXPECT_EQ(exchange->sent_headers["Location"], "/login?next=%2Fhalf");
}

// WX-15
TEST(Authenticated, the_tag_is_not_a_capture) {
  struct Two : Base {
    void get(authenticated, int, int) {}
  };
  EXPECT_NO_THROW(url<Two>("/([0-9]+)/([0-9]+)"));
  EXPECT_THROW(url<Two>("/([0-9]+)/([0-9]+)/([0-9]+)"), std::invalid_argument);
}

}  // namespace
}  // namespace tornado::web
