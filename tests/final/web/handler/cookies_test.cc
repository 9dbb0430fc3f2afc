#include <gtest/gtest.h>
#include <tornado/web.h>

#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include "../fake_connection.h"

namespace tornado::web {
namespace {

using httputil::HTTPHeaders;
using Cookies = std::vector<std::string>;

// A handler that runs the test's function.
struct Act : RequestHandler {
  struct Init {
    std::function<void(Act&)> act;
  };
  void initialize(const Init& init) { act = init.act; }
  void get() { act(*this); }
  void post() { act(*this); }
  std::function<void(Act&)> act;
};

struct Answer {
  int code;
  std::string body;
  Cookies cookies;
};

Answer run(std::function<void(Act&)> act, HTTPHeaders headers = {}, Settings settings = {}) {
  Application app({url<Act>("/", {std::move(act)})}, std::move(settings));
  const Exchange exchange(app, "GET", "/", std::move(headers));
  return {exchange->code, exchange->body, exchange->sent_headers.get_list("Set-Cookie")};
}

Settings with_secret(CookieSecret secret, std::optional<int> key_version = {}) {
  Settings settings;
  settings.cookie_secret = std::move(secret);
  settings.key_version = key_version;
  return settings;
}

std::string date_in(std::int64_t seconds) {
  return httputil::format_timestamp(std::time(nullptr) + seconds);
}

// ---- plain cookies ------------------------------------------------------------------------------

// WH-29
TEST(WebCookies, the_requests_cookies) {
  run(
      [](Act& self) {
        EXPECT_EQ(self.cookies().size(), 2U);
        EXPECT_EQ(self.get_cookie("a"), "1");
        EXPECT_EQ(self.get_cookie("b"), "x\"y");
        EXPECT_EQ(self.get_cookie("c"), std::nullopt);
        EXPECT_EQ(self.get_cookie("c", "none"), "none");
        EXPECT_EQ(self.get_cookie("a", "none"), "1");
        self.set_cookie("c", "new");
        EXPECT_EQ(self.get_cookie("c"), std::nullopt) << "it has not been sent yet";
      },
      {{"Cookie", R"(a=1; b="x\"y")"}});
}

// WH-29
TEST(WebCookies, a_cookie_has_its_path_and_nothing_else) {
  EXPECT_EQ(run([](Act& self) { self.set_cookie("a", "b"); }).cookies, Cookies{"a=b; Path=/"});
  EXPECT_EQ(run([](Act&) {}).cookies, Cookies{});
}

// WH-29
TEST(WebCookies, every_attribute) {
  const CookieOptions all = CookieOptions()
                                .domain("example.com")
                                .path("/p")
                                .expires(1795301745.9)
                                .expires_days(3)
                                .max_age(10)
                                .httponly()
                                .secure()
                                .samesite("Lax");
  EXPECT_EQ(run([&](Act& self) { self.set_cookie("c", "d", all); }).cookies,
            Cookies{"c=d; Domain=example.com; expires=Sat, 21 Nov 2026 22:55:45 GMT; HttpOnly; "
                    "Max-Age=10; Path=/p; SameSite=Lax; Secure"});
  EXPECT_EQ(run([](Act& self) {
              self.set_cookie("c", "d", CookieOptions().path("").httponly(false).max_age(0));
            }).cookies,
            Cookies{"c=d; Max-Age=0"});
}

// WH-29
TEST(WebCookies, expires_days_counts_from_now) {
  const std::string before = date_in(86400 * 3 / 2);
  const Cookies cookies =
      run([](Act& self) { self.set_cookie("c", "d", CookieOptions().expires_days(1.5)); }).cookies;
  const std::string after = date_in(86400 * 3 / 2);
  EXPECT_TRUE(cookies == Cookies{"c=d; expires=" + before + "; Path=/"} ||
              cookies == Cookies{"c=d; expires=" + after + "; Path=/"})
      << cookies.front();
}

// WH-29
TEST(WebCookies, the_last_one_of_a_name_wins) {
  EXPECT_EQ(run([](Act& self) {
              self.set_cookie("a", "1");
              self.set_cookie("b", "2");
              self.set_cookie("a", "3", CookieOptions().httponly());
            }).cookies,
            (Cookies{"b=2; Path=/", "a=3; HttpOnly; Path=/"}));
}

// WH-29
TEST(WebCookies, cookies_go_with_error_pages_redirects_and_304) {
  EXPECT_EQ(run([](Act& self) {
              self.set_cookie("a", "1");
              throw HTTPError(403);
            }).cookies,
            Cookies{"a=1; Path=/"});
  EXPECT_EQ(run([](Act& self) {
              self.set_cookie("a", "1");
              self.redirect("/");
            }).cookies,
            Cookies{"a=1; Path=/"});
  const Answer not_modified =
      run([](Act& self) { self.set_cookie("a", "1"); }, {{"If-None-Match", "*"}});
  EXPECT_EQ(not_modified.code, 304);
  EXPECT_EQ(not_modified.cookies, Cookies{"a=1; Path=/"});
}

// WH-29
TEST(WebCookies, after_the_headers_a_cookie_has_no_effect) {
  EXPECT_EQ(run([](Act& self) {
              self.set_cookie("a", "1");
              self.flush();
              self.set_cookie("b", "2");
            }).cookies,
            Cookies{"a=1; Path=/"});
}

TEST(WebCookies, a_prefixed_name_is_set_with_what_it_promises_and_can_be_cleared) {
  EXPECT_EQ(
      run([](Act& self) {
        self.set_cookie("__Secure-a", "1", CookieOptions().secure().path("/x"));
        self.set_cookie("__Host-b", "2", CookieOptions().secure());
        self.set_cookie("__Hos", "3");
      }).cookies,
      (Cookies{"__Secure-a=1; Path=/x; Secure", "__Host-b=2; Path=/; Secure", "__Hos=3; Path=/"}));
  const Cookies cleared =
      run([](Act& self) { self.clear_all_cookies(CookieOptions().domain("x.y")); },
          {{"Cookie", "__Host-b=2"}})
          .cookies;
  ASSERT_EQ(cleared.size(), 1U);
  EXPECT_TRUE(cleared[0].starts_with("__Host-b=\"\"; expires=")) << cleared[0];
  EXPECT_TRUE(cleared[0].ends_with("; Path=/; Secure")) << cleared[0];
}

// CVE-2026-35536
TEST(WebCookies, what_would_end_a_part_early_is_a_500_and_not_sent) {
  const std::vector<std::function<void(Act&)>> attempts = {
      [](Act& self) { self.set_cookie("a", "b\r\nSet-Cookie: c=d"); },
      [](Act& self) { self.set_cookie("a", "b c"); },
      [](Act& self) { self.set_cookie("a", "b\x7f"); },
      [](Act& self) { self.set_cookie("a;b", "c"); },
      [](Act& self) { self.set_cookie("", "c"); },
      [](Act& self) { self.set_cookie("path", "c"); },
      [](Act& self) { self.set_cookie("a", "b", CookieOptions().domain("x; Path=/admin")); },
      [](Act& self) { self.set_cookie("a", "b", CookieOptions().path("/;Domain=x")); },
      [](Act& self) { self.set_cookie("a", "b", CookieOptions().samesite("Lax\x7f")); },
      [](Act& self) { self.set_cookie("a", "b", CookieOptions().expires(1e300)); },
      [](Act& self) { self.set_cookie("a", "b", CookieOptions().expires(1e14)); },
      [](Act& self) { self.set_cookie("a", "b", CookieOptions().expires_days(0.0 / 0.0)); },
      [](Act& self) { self.set_signed_cookie("a b", "c"); },
      [](Act& self) { self.set_cookie("__Secure-a", "b"); },
      [](Act& self) { self.set_cookie("__secure-a", "b"); },
      [](Act& self) { self.set_cookie("__Host-a", "b"); },
      [](Act& self) { self.set_cookie("__Host-a", "b", CookieOptions().secure().path("/x")); },
      [](Act& self) { self.set_cookie("__Host-a", "b", CookieOptions().secure().domain("x.y")); },
  };
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    const Answer answer = run(attempts[i], {}, with_secret("secret"));
    EXPECT_EQ(answer.code, 500) << i;
    EXPECT_EQ(answer.cookies, Cookies{}) << i;
  }
}

// WH-29
TEST(WebCookies, clear_cookie_sets_an_empty_one_that_expired_a_year_ago) {
  const std::string before = date_in(-365 * 86400);
  const Cookies cookies = run([](Act& self) {
                            self.clear_cookie("a");
                            self.clear_cookie("b", CookieOptions().path("/p").domain("x.com"));
                          }).cookies;
  ASSERT_EQ(cookies.size(), 2U);
  const bool same_second = cookies.front().find(before) != std::string::npos;
  const std::string date = same_second ? before : date_in(-365 * 86400);
  EXPECT_EQ(cookies[0], "a=\"\"; expires=" + date + "; Path=/");
  EXPECT_TRUE(cookies[1].starts_with("b=\"\"; Domain=x.com; expires=")) << cookies[1];
  EXPECT_TRUE(cookies[1].ends_with("; Path=/p")) << cookies[1];
  EXPECT_EQ(run([](Act& self) { self.clear_cookie("a", CookieOptions().max_age(1)); }).code, 500);
  EXPECT_EQ(run([](Act& self) { self.clear_cookie("a", CookieOptions().expires(1)); }).code, 500);
}

// WH-29
TEST(WebCookies, clear_all_cookies_clears_the_cookies_of_the_request) {
  const Answer answer = run([](Act& self) { self.clear_all_cookies(CookieOptions().path("/p")); },
                            {{"Cookie", "a=1; path=/; b=2; bad name=3"}});
  EXPECT_EQ(answer.code, 200) << "no client's cookie makes it fail";
  ASSERT_EQ(answer.cookies.size(), 2U);
  EXPECT_TRUE(answer.cookies[0].starts_with("a=\"\"; expires="));
  EXPECT_TRUE(answer.cookies[0].ends_with("; Path=/p"));
  EXPECT_TRUE(answer.cookies[1].starts_with("b=\"\"; expires="));
}

// ---- signed cookies -----------------------------------------------------------------------------

// Returns the Cookie header for the cookies that were set.
std::string sent_back(const Answer& answer) {
  return answer.cookies.at(0).substr(0, answer.cookies.at(0).find("; "));
}

// WH-30
TEST(WebCookies, a_signed_cookie_comes_back) {
  const std::string value = "J\xc3\xbcrgen; \"x\" \r\n|=";
  const Answer set =
      run([&](Act& self) { self.set_signed_cookie("user", value); }, {}, with_secret("secret"));
  EXPECT_NE(set.cookies.at(0).find("; expires="), std::string::npos) << "30 days";
  run(
      [&](Act& self) {
        EXPECT_EQ(self.get_signed_cookie("user"), value);
        EXPECT_EQ(self.get_signed_cookie("user", 31, 2), value);
        EXPECT_EQ(self.get_signed_cookie("user", -1), std::nullopt) << "older than -1 days";
        EXPECT_EQ(self.get_signed_cookie("other"), std::nullopt);
        EXPECT_EQ(self.get_signed_cookie_key_version("user"), 0);
        EXPECT_EQ(self.get_signed_cookie_key_version("other"), std::nullopt);
      },
      {{"Cookie", sent_back(set)}}, with_secret("secret"));
  run([](Act& self) { EXPECT_EQ(self.get_signed_cookie("user"), std::nullopt); },
      {{"Cookie", sent_back(set)}}, with_secret("another"));
}

// WH-30
TEST(WebCookies, days_options_and_version) {
  const auto set = [](std::function<void(Act&)> act) {
    return run(std::move(act), {}, with_secret("secret")).cookies.at(0);
  };
  EXPECT_EQ(set([](Act& self) { self.set_signed_cookie("a", "b", std::nullopt); }).find("expires"),
            std::string::npos)
      << "until the browser is closed";
  const std::string date = date_in(7 * 86400).substr(0, 16);  // the day
  EXPECT_NE(set([](Act& self) { self.set_signed_cookie("a", "b", 7); }).find(date),
            std::string::npos);
  const std::string v1 = set([](Act& self) {
    self.set_signed_cookie("a", "b", 30, CookieOptions().httponly().samesite("Strict"), 1);
  });
  EXPECT_TRUE(v1.starts_with("a=\"Yg==|")) << v1;
  EXPECT_TRUE(v1.ends_with("; HttpOnly; Path=/; SameSite=Strict")) << v1;
  // Unlike in Tornado, the default is safe.
  const std::string safe = set([](Act& self) { self.set_signed_cookie("a", "b"); });
  EXPECT_TRUE(safe.ends_with("; HttpOnly; Path=/; SameSite=Lax")) << safe;
  const std::string open = set([](Act& self) {
    self.set_signed_cookie("a", "b", 30, CookieOptions().httponly(false).samesite(""));
  });
  EXPECT_TRUE(open.ends_with(" GMT; Path=/")) << open;
}

// WH-30
TEST(WebCookies, the_names_before_Tornado_6_3) {
  const Answer set =
      run([](Act& self) { self.set_secure_cookie("user", "ann", 1); }, {}, with_secret("secret"));
  run(
      [](Act& self) {
        EXPECT_EQ(self.get_secure_cookie("user"), "ann");
        EXPECT_EQ(self.get_secure_cookie("user", 31, 2), "ann");
        EXPECT_EQ(self.get_secure_cookie_key_version("user"), 0);
      },
      {{"Cookie", sent_back(set)}}, with_secret("secret"));
}

// ST-09
TEST(WebCookies, key_version_chooses_the_key_that_signs) {
  const CookieSecret keys = {{1, "old"}, {2, "new"}};
  const Answer set =
      run([](Act& self) { self.set_signed_cookie("user", "ann"); }, {}, with_secret(keys, 2));
  run(
      [](Act& self) {
        EXPECT_EQ(self.get_signed_cookie("user"), "ann");
        EXPECT_EQ(self.get_signed_cookie_key_version("user"), 2);
      },
      {{"Cookie", sent_back(set)}}, with_secret(keys, 1));
  EXPECT_EQ(run([](Act& self) { self.set_signed_cookie("a", "b"); }, {}, with_secret(keys)).code,
            500)
      << "keys with versions, and no key_version";
}

// ST-09
TEST(WebCookies, without_cookie_secret_they_say_what_is_missing) {
  const auto expect_throw = [](auto call) {
    run([call](Act& self) {
      try {
        call(self);
        ADD_FAILURE() << "did not throw";
      } catch (const std::runtime_error& error) {
        EXPECT_STREQ(error.what(),
                     "You must define the 'cookie_secret' setting in your application to use "
                     "signed cookies");
      }
    });
  };
  expect_throw([](Act& self) { self.set_signed_cookie("a", "b"); });
  expect_throw([](Act& self) { self.get_signed_cookie("a"); });
  expect_throw([](Act& self) { self.create_signed_value("a", "b"); });
  expect_throw([](Act& self) { self.get_signed_cookie_key_version("a"); });
}

// WH-30
TEST(WebCookies, create_signed_value_is_what_the_cookie_has) {
  run(
      [](Act& self) {
        const std::string value = self.create_signed_value("user", "ann");
        EXPECT_EQ(decode_signed_value("secret", "user", value), "ann");
        EXPECT_EQ(decode_signed_value(self.settings().cookie_secret, "user", value), "ann");
      },
      {}, with_secret("secret"));
}

}  // namespace
}  // namespace tornado::web
