// Static files without a socket: which are served, which are not, and their headers.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <tornado/static_file_handler.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "../../base/temporary_folder.h"
#include "../../net/net_test_tools.h"
#include "../fake_connection.h"
#include "web/static/content.h"
#include "web/static/mime_types.h"

namespace tornado::web {
namespace {

using httputil::HTTPHeaders;

// The SHA-512 of "Hello, static", by sha512sum.
constexpr const char* kHelloHash =
    "906fbc2619601305778095b616fe3d1902d09e7c04b526cb097e3261e283e04d"
    "e5e0ea9823ba25ebc21a6652a945b12754858e7a521fc50dbd18f6ed5b13b06f";

class StaticTest : public ::testing::Test {
 protected:
  StaticTest() {
    std::filesystem::create_directories(folder() + "/sub/deep");
    std::filesystem::create_directories(home_.path() + "/files-evil");
    write("hello.txt", "Hello, static");
    write("sub/page.html", "<p>page");
    write("sub/index.html", "<p>index");
    write("robots.txt", "User-agent: *");
    write("favicon.ico", "icon");
    write("../secret", "SECRET");
    write("../files-evil/x", "SECRET");
    settings_.static_path = folder();
  }

  // The folder that is served, inside one that is not.
  std::string folder() const { return home_.path() + "/files"; }
  void write(const std::string& name, const std::string& content) const {
    std::ofstream(folder() + "/" + name, std::ios::binary) << content;
  }
  void age(const std::string& name, std::time_t seconds) const {
    const timespec times[2] = {{std::time(nullptr) - seconds, 0},
                               {std::time(nullptr) - seconds, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, (folder() + "/" + name).c_str(), times, 0), 0);
  }

  Exchange fetch(const std::string& path, HTTPHeaders headers = {},
                 const std::string& method = "GET") {
    return fetch_from({}, path, std::move(headers), method);
  }
  Exchange fetch_from(std::vector<URLSpec> routes, const std::string& path,
                      HTTPHeaders headers = {}, const std::string& method = "GET") {
    app_ = std::make_unique<Application>(std::move(routes), settings_);
    return {*app_, method, path, std::move(headers)};
  }

  testing::TemporaryFolder home_;
  test::LogLines log_;
  ioloop::IOLoop loop_;
  Settings settings_;
  std::unique_ptr<Application> app_;
};

// ---- headers of a file --------------------------------------------------------------------------

// WX-08
TEST_F(StaticTest, a_file_and_its_headers) {
  age("hello.txt", std::time(nullptr) - 1'000'000'000);
  const auto got = fetch("/static/hello.txt");
  EXPECT_EQ(got->code, 200);
  EXPECT_EQ(got->body, "Hello, static");
  EXPECT_EQ(got->sent_headers["Content-Type"], "text/plain");
  EXPECT_EQ(got->sent_headers["Accept-Ranges"], "bytes");
  EXPECT_EQ(got->sent_headers["Content-Length"], "13");
  EXPECT_EQ(got->sent_headers["Etag"], '"' + std::string(kHelloHash) + '"');
  EXPECT_EQ(got->sent_headers["Last-Modified"], "Sun, 09 Sep 2001 01:46:40 GMT");
  EXPECT_FALSE(got->sent_headers.contains("Cache-Control"));
  EXPECT_FALSE(got->sent_headers.contains("Expires"));
}

// WX-08
TEST_F(StaticTest, HEAD_has_the_headers_of_GET) {
  const auto get = fetch("/static/hello.txt");
  const auto head = fetch("/static/hello.txt", {}, "HEAD");
  EXPECT_EQ(head->code, 200);
  EXPECT_EQ(head->body, "");
  for (const char* name : {"Etag", "Last-Modified", "Content-Type", "Content-Length"}) {
    EXPECT_EQ(head->sent_headers[name], get->sent_headers[name]) << name;
  }
}

// WX-08
TEST_F(StaticTest, an_empty_file) {
  write("empty", "");
  const auto got = fetch("/static/empty");
  EXPECT_EQ(got->code, 200);
  EXPECT_EQ(got->sent_headers["Content-Length"], "0");
  EXPECT_EQ(got->sent_headers["Content-Type"], "application/octet-stream");
  EXPECT_EQ(fetch("/static/empty", {{"Range", "bytes=0-"}})->code, 416);
}

// WX-08
TEST_F(StaticTest, v_may_be_kept_for_ten_years) {
  for (const char* path : {"/static/hello.txt?v=1", "/static/hello.txt?a=1&v=x"}) {
    const auto got = fetch(path);
    EXPECT_EQ(got->sent_headers["Cache-Control"], "max-age=315360000");
    EXPECT_EQ(got->sent_headers["Expires"].substr(12, 4),
              httputil::format_timestamp(std::time(nullptr) + 315'360'000).substr(12, 4));
  }
  EXPECT_FALSE(fetch("/static/hello.txt?w=1")->sent_headers.contains("Expires"));
}

// WX-08
TEST_F(StaticTest, other_methods_are_405) {
  const auto got = fetch("/static/hello.txt", {}, "POST");
  EXPECT_EQ(got->code, 405);
  EXPECT_EQ(got->sent_headers["Allow"], "GET, HEAD");
}

// WX-08
TEST_F(StaticTest, a_big_file_is_not_read_for_its_Etag) {
  write("big", std::string(4'194'305, 'b'));
  age("big", 100);
  const std::string first = fetch("/static/big", {}, "HEAD")->sent_headers["Etag"];
  EXPECT_EQ(first.size(), 130U);
  EXPECT_EQ(fetch("/static/big", {}, "HEAD")->sent_headers["Etag"], first);
  age("big", 99);
  EXPECT_NE(fetch("/static/big", {}, "HEAD")->sent_headers["Etag"], first);
}

// ---- conditions and parts -----------------------------------------------------------------------

// WX-08
TEST_F(StaticTest, If_None_Match_wins_over_If_Modified_Since) {
  age("hello.txt", 1000);
  const std::string etag = '"' + std::string(kHelloHash) + '"';
  const std::string newer = httputil::format_timestamp(std::time(nullptr));
  for (const std::string& tags : {etag, "\"x\", " + etag, "W/" + etag, std::string("*")}) {
    const auto got = fetch("/static/hello.txt", {{"If-None-Match", tags}});
    EXPECT_EQ(got->code, 304) << tags;
    EXPECT_EQ(got->body, "");
    EXPECT_EQ(got->sent_headers["Etag"], etag);
    EXPECT_EQ(got->sent_headers["Accept-Ranges"], "bytes");
    EXPECT_TRUE(got->sent_headers.contains("Last-Modified"));
    EXPECT_FALSE(got->sent_headers.contains("Content-Type"));
    EXPECT_FALSE(got->sent_headers.contains("Content-Length"));
  }
  EXPECT_EQ(fetch("/static/hello.txt", {{"If-None-Match", "\"x\""}})->code, 200);
  EXPECT_EQ(
      fetch("/static/hello.txt", {{"If-None-Match", "\"x\""}, {"If-Modified-Since", newer}})->code,
      200);
  EXPECT_EQ(fetch("/static/hello.txt", {{"If-None-Match", etag}, {"Range", "bytes=0-1"}})->code,
            304);
}

// WX-08
TEST_F(StaticTest, If_Modified_Since) {
  age("hello.txt", 1000);
  const auto at = [](std::time_t ago) {
    return httputil::format_timestamp(std::time(nullptr) - ago);
  };
  const std::string modified = fetch("/static/hello.txt")->sent_headers["Last-Modified"];
  const auto code = [&](const std::string& date) {
    return fetch("/static/hello.txt", {{"If-Modified-Since", date}})->code;
  };
  EXPECT_EQ(code(modified), 304);
  EXPECT_EQ(code(at(10)), 304);
  EXPECT_EQ(code(at(2000)), 200);
  EXPECT_EQ(code("yesterday"), 200);
  EXPECT_EQ(code(""), 200);
}

// WX-08
TEST_F(StaticTest, If_Match_and_If_Unmodified_Since_fail_with_412) {
  age("hello.txt", 1000);
  const std::string etag = '"' + std::string(kHelloHash) + '"';
  const auto code = [&](const char* name, const std::string& value) {
    return fetch("/static/hello.txt", {{name, value}})->code;
  };
  EXPECT_EQ(code("If-Match", etag), 200);
  EXPECT_EQ(code("If-Match", "*"), 200);
  EXPECT_EQ(code("If-Match", "\"x\""), 412);
  EXPECT_EQ(code("If-Match", "W/" + etag), 412);
  EXPECT_EQ(fetch("/static/hello.txt", {{"If-Match", "\"x\""}, {"If-Match", etag}})->code, 200);
  EXPECT_EQ(code("If-Unmodified-Since", httputil::format_timestamp(std::time(nullptr))), 200);
  EXPECT_EQ(code("If-Unmodified-Since", httputil::format_timestamp(std::time(nullptr) - 2000)),
            412);
  EXPECT_EQ(code("If-Unmodified-Since", "never"), 200);
}

// WX-08
TEST_F(StaticTest, of_two_Range_fields_the_first_counts) {
  HTTPHeaders two;
  two.add("Range", "bytes=0-4");
  two.add("Range", "bytes=2-3");
  const auto got = fetch("/static/hello.txt", two);
  EXPECT_EQ(got->code, 206);
  EXPECT_EQ(got->body, "Hello");
}

// WX-08
TEST_F(StaticTest, parts) {
  struct Case {
    const char* range;
    int code;
    const char* content_range;
    const char* body;
  };
  for (const Case& each : std::vector<Case>{{"bytes=0-4", 206, "bytes 0-4/13", "Hello"},
                                            {"bytes=-3", 206, "bytes 10-12/13", "tic"},
                                            {"bytes=5-", 206, "bytes 5-12/13", ", static"},
                                            {"bytes=0-", 200, "", "Hello, static"},
                                            {"bytes=0-100", 200, "", "Hello, static"},
                                            {"bytes=-100", 200, "", "Hello, static"},
                                            {"bytes=0-1,3-4", 200, "", "Hello, static"},
                                            {"lines=0-1", 200, "", "Hello, static"},
                                            {"nonsense", 200, "", "Hello, static"},
                                            {"bytes=50-60", 416, "bytes */13", ""},
                                            {"bytes=5-2", 416, "bytes */13", ""},
                                            {"bytes=-0", 416, "bytes */13", ""}}) {
    const auto got = fetch("/static/hello.txt", {{"Range", each.range}});
    EXPECT_EQ(got->code, each.code) << each.range;
    EXPECT_EQ(got->sent_headers.get("Content-Range"), each.content_range) << each.range;
    EXPECT_EQ(got->body, each.body) << each.range;
    EXPECT_EQ(got->sent_headers["Content-Length"], std::to_string(got->body.size()));
    if (each.code == 416) {
      EXPECT_EQ(got->sent_headers["Content-Type"], "text/plain");
    }
  }
}

TEST_F(StaticTest, a_HEAD_with_a_range_gets_the_whole_head) {
  const auto got = fetch("/static/hello.txt", {{"Range", "bytes=0-4"}}, "HEAD");
  EXPECT_EQ(got->code, 200);
  EXPECT_EQ(got->sent_headers["Content-Length"], "13");
}

TEST_F(StaticTest, If_Range_asks_for_a_part_of_this_version_only) {
  age("hello.txt", 1000);
  const std::string etag = '"' + std::string(kHelloHash) + '"';
  const std::string modified = fetch("/static/hello.txt")->sent_headers["Last-Modified"];
  const auto code = [&](const std::string& condition) {
    return fetch("/static/hello.txt", {{"Range", "bytes=0-4"}, {"If-Range", condition}})->code;
  };
  EXPECT_EQ(code(etag), 206);
  EXPECT_EQ(code(modified), 206);
  EXPECT_EQ(code("\"x\""), 200);
  EXPECT_EQ(code("W/" + etag), 200);
  EXPECT_EQ(code(httputil::format_timestamp(std::time(nullptr))), 200);
  EXPECT_EQ(code("whenever"), 200);
}

// ---- paths --------------------------------------------------------------------------------------

TEST(AbsolutePath, is_the_one_of_Python) {
  using detail::absolute_path;
  EXPECT_EQ(absolute_path("/"), "/");
  EXPECT_EQ(absolute_path("/a/b"), "/a/b");
  EXPECT_EQ(absolute_path("/a/b/"), "/a/b");
  EXPECT_EQ(absolute_path("/a//b/./c"), "/a/b/c");
  EXPECT_EQ(absolute_path("/a/../b"), "/b");
  EXPECT_EQ(absolute_path("/../../b"), "/b");
  EXPECT_EQ(absolute_path("/a/.."), "/");
  EXPECT_EQ(absolute_path("/a/..."), "/a/...");
  EXPECT_EQ(absolute_path("x"), (std::filesystem::current_path() / "x").string());
  EXPECT_EQ(absolute_path(""), std::filesystem::current_path().string());
}

TEST(IsBelow, a_folder_with_the_same_beginning_is_another) {
  EXPECT_TRUE(detail::is_below("/srv/files", "/srv/files"));
  EXPECT_TRUE(detail::is_below("/srv/files", "/srv/files/a"));
  EXPECT_FALSE(detail::is_below("/srv/files", "/srv/files-evil/a"));
  EXPECT_FALSE(detail::is_below("/srv/files", "/srv/file"));
  EXPECT_FALSE(detail::is_below("/srv/files", "/"));
  EXPECT_TRUE(detail::is_below("/", "/etc"));
}

// WX-08
TEST_F(StaticTest, nothing_outside_of_the_folder) {
  const std::vector<std::string> corpus = {"../secret",
                                           "..%2fsecret",
                                           "%2e%2e/secret",
                                           "%2e%2e%2fsecret",
                                           "%2E%2E%2Fsecret",
                                           "sub/../../secret",
                                           "sub/%2e%2e/..%2fsecret",
                                           "./../secret",
                                           "sub/deep/../../../secret",
                                           "../files-evil/x",
                                           "..%2ffiles-evil%2fx",
                                           "/etc/passwd",
                                           "%2fetc%2fpasswd",
                                           "//etc/passwd",
                                           "/%2fetc/passwd",
                                           "..",
                                           "../",
                                           "%2e%2e",
                                           "../../../../../../../../etc/passwd",
                                           "sub/../../../../../../../etc/passwd",
                                           "..//secret",
                                           "..///secret",
                                           ".././secret",
                                           "sub/..%2f..%2fsecret",
                                           "..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
                                           "/proc/self/environ",
                                           "..%c0%afsecret",
                                           "%c0%ae%c0%ae/secret",
                                           "..%252fsecret",
                                           "%252e%252e/secret",
                                           "..%5csecret",
                                           "..\\secret",
                                           "..%00/secret",
                                           "..%2fsecret%00.txt",
                                           "hello.txt%00",
                                           "%00",
                                           "..;/secret",
                                           "....//secret",
                                           "..%u2215secret",
                                           "../secret/.",
                                           "%2e%2e%2f%2e%2e%2fetc",
                                           "hello.txt/../../secret",
                                           "sub/./../../secret?v=1",
                                           "..%2fsecret#",
                                           "~root",
                                           "*",
                                           "sub/..",
                                           "%",
                                           "%2",
                                           "%zz",
                                           std::string(5000, 'a'),
                                           std::string(300, '.'),
                                           "sub/" + std::string(255, '/')};
  for (const std::string& path : corpus) {
    for (const char* method : {"GET", "HEAD"}) {
      const auto got = fetch("/static/" + path, {}, method);
      EXPECT_TRUE(got->code == 403 || got->code == 404 || got->code == 400)
          << path << " " << got->code;
      EXPECT_EQ(got->body.find("SECRET"), std::string::npos) << path;
      EXPECT_EQ(got->body.find("root:"), std::string::npos) << path;
    }
  }
}

// WX-08
TEST_F(StaticTest, answers_403_and_404_as_Tornado) {
  const std::map<std::string, int> codes = {{"../secret", 403},
                                            {"%2e%2e%2fsecret", 403},
                                            {"//etc/passwd", 403},
                                            {"../files-evil/x", 403},
                                            {"sub", 403},
                                            {"sub/", 403},
                                            {"", 403},
                                            {"missing", 404},
                                            {"hello.txt%00", 404},
                                            {"hello.txt/x", 404},
                                            {"sub/missing/..", 403},
                                            {"hello.txt/", 200},
                                            {"sub/../hello.txt", 200},
                                            {"./hello.txt", 200},
                                            {"..\\secret", 404}};
  for (const auto& [path, code] : codes) {
    EXPECT_EQ(fetch("/static/" + path)->code, code) << path;
  }
  fetch("/static/../secret");
  EXPECT_GE(log_.count("../secret is not in root static directory"), 1U);
  fetch("/static/sub");
  EXPECT_GE(log_.count("sub is not a file"), 1U);
}

TEST_F(StaticTest, links_are_followed_within_the_folder_only) {
  const auto link = [&](const std::string& to, const std::string& name) {
    std::filesystem::create_symlink(to, folder() + "/" + name);
  };
  link("hello.txt", "inside");
  link(folder() + "/hello.txt", "inside-absolute");
  link("sub", "inside-folder");
  link("../secret", "outside");
  link("/etc", "outside-folder");
  link("..", "parent");
  link("loop", "loop");
  link("gone", "broken");
  link("/proc/self/root", "magic");
  const std::map<std::string, int> codes = {{"inside", 200},
                                            {"inside-absolute", 200},
                                            {"inside-folder/page.html", 200},
                                            {"outside", 403},
                                            {"outside-folder/passwd", 403},
                                            {"parent/secret", 403},
                                            {"loop", 404},
                                            {"broken", 404},
                                            {"magic/etc/passwd", 403}};
  for (const auto& [path, code] : codes) EXPECT_EQ(fetch("/static/" + path)->code, code) << path;

  settings_.static_handler_class = static_handler<StaticFileHandler>({.follow_symlinks = true});
  EXPECT_EQ(fetch("/static/outside")->body, "SECRET");
  EXPECT_EQ(fetch("/static/outside-folder/passwd")->code, 200);
  EXPECT_EQ(fetch("/static/loop")->code, 404);
}

TEST_F(StaticTest, a_folder_that_is_a_link_itself_is_served) {
  std::filesystem::create_symlink("files", home_.path() + "/current");
  settings_.static_path = home_.path() + "/current";
  EXPECT_EQ(fetch("/static/hello.txt")->body, "Hello, static");
  EXPECT_EQ(fetch("/static/../secret")->code, 403);
  std::filesystem::create_symlink("../secret", folder() + "/outside");
  EXPECT_EQ(fetch("/static/outside")->code, 403);
}

TEST_F(StaticTest, anything_but_a_file_is_refused_without_waiting) {
  ASSERT_EQ(::mkfifo((folder() + "/fifo").c_str(), 0600), 0);
  EXPECT_EQ(fetch("/static/fifo")->code, 403);
  settings_.static_path = "/dev";
  EXPECT_EQ(fetch("/static/null")->code, 403);
  EXPECT_EQ(fetch("/static/tty")->code, 403);
}

TEST_F(StaticTest, a_file_that_may_not_be_read_is_403) {
  // Root may read everything, so the test runs as another user; the temporary folder is root's
  // alone.
  const bool is_root = ::geteuid() == 0;
  ASSERT_EQ(::chmod((folder() + "/hello.txt").c_str(), 0), 0);
  if (is_root) {
    ASSERT_EQ(::seteuid(65534), 0);
  }
  const int code = fetch("/static/hello.txt")->code;
  if (is_root) {
    ASSERT_EQ(::seteuid(0), 0);
  }
  EXPECT_EQ(code, 403);
}

// ---- folders ------------------------------------------------------------------------------------

// WX-08
TEST_F(StaticTest, default_filename) {
  settings_.static_handler_class =
      static_handler<StaticFileHandler>({.default_filename = "index.html"});
  EXPECT_EQ(fetch("/static/sub/")->body, "<p>index");
  EXPECT_EQ(fetch("/static/sub/")->sent_headers["Content-Type"], "text/html");
  const auto moved = fetch("/static/sub");
  EXPECT_EQ(moved->code, 301);
  EXPECT_EQ(moved->sent_headers["Location"], "/static/sub/");
  EXPECT_EQ(fetch("/static/sub/deep/")->code, 404);
  EXPECT_EQ(fetch("/static/")->code, 404);
}

// WX-08
TEST_F(StaticTest, no_redirect_to_another_host) {
  const auto code = [&](const std::string& path) {
    const auto got = fetch_from(
        {url<StaticFileHandler>("/(.*)", {.path = folder(), .default_filename = "index.html"})},
        path);
    EXPECT_FALSE(got->sent_headers.contains("Location")) << path;
    return got->code;
  };
  settings_.static_path.clear();
  EXPECT_EQ(code("//evil.example/.."), 403);
  EXPECT_EQ(code("//evil.example/%2e%2e"), 403);
  EXPECT_EQ(code("/\\evil.example/.."), 403);
  EXPECT_EQ(code("///evil.example/.."), 403);
}

// ---- settings -----------------------------------------------------------------------------------

struct Hello : RequestHandler {
  void get() { write("handler"); }
};

// ST-13
TEST_F(StaticTest, static_path_adds_its_routes_in_front) {
  const auto body = [&](const std::string& path) {
    return fetch_from({url<Hello>("/.*")}, path)->body;
  };
  EXPECT_EQ(body("/static/hello.txt"), "Hello, static");
  EXPECT_EQ(body("/favicon.ico"), "icon");
  EXPECT_EQ(body("/robots.txt"), "User-agent: *");
  EXPECT_EQ(body("/robotsxtxt"), "handler");
  EXPECT_EQ(body("/static"), "handler");
  settings_.static_url_prefix = "/a.b+c/";
  EXPECT_EQ(body("/a.b+c/hello.txt"), "Hello, static");
  EXPECT_EQ(body("/axb+c/hello.txt"), "handler");
  EXPECT_EQ(body("/static/hello.txt"), "handler");
  settings_.static_path.clear();
  EXPECT_EQ(body("/favicon.ico"), "handler");
}

struct Linker : RequestHandler {
  void get() {
    include_host = request.query == "host";
    write(static_url("hello.txt") + " " + static_url("a b?.txt", false, false) + " " +
          static_url("hello.txt", true, false));
  }
};

// WH-35
TEST_F(StaticTest, static_url) {
  const std::string versioned = "/static/hello.txt?v=" + std::string(kHelloHash);
  EXPECT_EQ(fetch_from({url<Linker>("/")}, "/")->body,
            versioned + " /static/a%20b%3F.txt http://example.com/static/hello.txt");
  EXPECT_TRUE(
      fetch_from({url<Linker>("/")}, "/?host")->body.starts_with("http://example.com" + versioned));
  EXPECT_EQ(fetch(versioned)->body, "Hello, static");
  settings_.static_url_prefix = "/s/";
  EXPECT_TRUE(fetch_from({url<Linker>("/")}, "/")->body.starts_with("/s/hello.txt?v=")) << "ST13";
}

// WH-35
TEST_F(StaticTest, no_version_of_a_file_outside_of_the_folder) {
  struct Outside : RequestHandler {
    void get() { write(static_url("../outside.txt") + " " + static_url("/etc/passwd")); }
  };
  EXPECT_EQ(fetch_from({url<Outside>("/")}, "/")->body.find("?v="), std::string::npos);
  EXPECT_EQ(log_.count("Not below static_path: "), 2U);
}

// WH-35
TEST_F(StaticTest, a_missing_file_has_no_version) {
  ASSERT_EQ(::unlink((folder() + "/hello.txt").c_str()), 0);
  EXPECT_TRUE(fetch_from({url<Linker>("/")}, "/")->body.starts_with("/static/hello.txt "));
  EXPECT_EQ(log_.count("Could not open static file '" + folder() + "/hello.txt'"), 1U);
}

// WH-35
TEST_F(StaticTest, without_the_setting_it_is_the_programs_fault) {
  settings_.static_path.clear();
  EXPECT_EQ(fetch_from({url<Linker>("/")}, "/")->code, 500);
  EXPECT_EQ(log_.count("You must define the 'static_path' setting"), 1U);
}

// WX-10
TEST_F(StaticTest, a_version_changes_with_its_file) {
  for (const bool kept : {true, false}) {
    settings_.static_hash_cache = kept;
    write("changing", "one");
    const std::string one = fetch("/static/changing")->sent_headers["Etag"];
    EXPECT_EQ(fetch("/static/changing")->sent_headers["Etag"], one);
    write("changing", "two");  // the same size, within the same second
    const auto two = fetch("/static/changing");
    EXPECT_NE(two->sent_headers["Etag"], one);
    EXPECT_EQ(two->body, "two");
    write("replacement", "one");
    std::filesystem::rename(folder() + "/replacement", folder() + "/changing");
    EXPECT_EQ(fetch("/static/changing")->sent_headers["Etag"], one);
  }
}

// ---- override points ----------------------------------------------------------------------------

// Content that is not in a file.
struct Memory : StaticFileHandler {
  static inline std::string content;
  static inline std::vector<std::uint64_t> sizes;

 protected:
  std::optional<std::string> validate_absolute_path(const std::string& root,
                                                    const std::string& absolute) override {
    if (!absolute.starts_with(root)) throw HTTPError(403);
    if (absolute != root + "/blob.css") throw HTTPError(404);
    return absolute;
  }
  std::optional<std::int64_t> get_modified_time() override { return 1'000'000'000; }
  std::uint64_t get_content_size() override { return content.size(); }
  std::optional<std::string> get_content(const std::string& absolute, std::uint64_t start,
                                         std::uint64_t end) override {
    EXPECT_EQ(absolute, "/nowhere/blob.css");
    sizes.push_back(end - start);
    return content.substr(start, end - start);
  }
  std::optional<std::string> compute_etag() const override { return "\"v1\""; }
  void set_extra_headers(const std::string& name) override { set_header("X-Path", name); }
  std::int64_t get_cache_time(const std::string& name, std::optional<std::int64_t> modified_time,
                              const std::string& mime_type) override {
    EXPECT_EQ(name, "blob.css");
    EXPECT_EQ(modified_time, 1'000'000'000);
    EXPECT_EQ(mime_type, "text/css");
    return 60;
  }
  std::string parse_url_path(std::string url_path) override { return url_path + ".css"; }
};

// WX-09
TEST_F(StaticTest, content_may_come_from_elsewhere) {
  settings_.static_path = "/nowhere";
  settings_.static_handler_class = static_handler<Memory>();
  Memory::content.clear();
  for (int i = 0; i < 50'000; ++i) Memory::content += std::to_string(i);
  Memory::sizes.clear();
  auto got = fetch("/static/blob");
  test::run_until(loop_, [&] { return got->finished; });
  EXPECT_EQ(got->code, 200);
  EXPECT_TRUE(got->body == Memory::content);
  EXPECT_EQ(Memory::sizes.size(), (Memory::content.size() + 65'535) / 65'536);
  EXPECT_EQ(Memory::sizes.front(), 65'536U);
  EXPECT_EQ(got->sent_headers["X-Path"], "blob.css");
  EXPECT_EQ(got->sent_headers["Cache-Control"], "max-age=60");
  EXPECT_EQ(got->sent_headers["Last-Modified"], "Sun, 09 Sep 2001 01:46:40 GMT");
  EXPECT_EQ(fetch("/static/blob", {{"Range", "bytes=-5"}})->body, "49999");
  EXPECT_EQ(fetch("/static/blob", {{"If-None-Match", "\"v1\""}})->code, 304);
  EXPECT_EQ(fetch("/static/other")->code, 404);
  Memory::sizes.clear();
  EXPECT_EQ(fetch("/static/blob", {}, "HEAD")->sent_headers["Content-Length"],
            std::to_string(Memory::content.size()));
  EXPECT_TRUE(Memory::sizes.empty());
}

// An application of one page: missing files lead to its start page.
struct OnePage : StaticFileHandler {
 protected:
  std::optional<std::string> validate_absolute_path(const std::string& root,
                                                    const std::string& absolute) override {
    try {
      return StaticFileHandler::validate_absolute_path(root, absolute);
    } catch (const HTTPError& error) {
      if (error.status_code != 404) throw;
      return root + "/sub/index.html";
    }
  }
  bool should_return_304() override { return request.query == "seen"; }
  std::string get_content_type() override { return "text/x-page"; }
};

// WX-09
TEST_F(StaticTest, another_path_may_be_served) {
  settings_.static_handler_class = static_handler<OnePage>();
  const auto got = fetch("/static/any/page");
  EXPECT_EQ(got->body, "<p>index");
  EXPECT_EQ(got->sent_headers["Content-Type"], "text/x-page");
  EXPECT_EQ(got->sent_headers["Content-Length"], "8");
  EXPECT_EQ(fetch("/static/hello.txt")->body, "Hello, static");
  EXPECT_EQ(fetch("/static/hello.txt?seen")->code, 304);
  EXPECT_EQ(fetch("/static/../secret")->code, 403);
}

// Values that a class returns need not outlive the call: a folder that the program names.
struct OneFolder : StaticFileHandler {
  struct Init {
    std::string home;
  };
  void initialize(const Init& init) {
    StaticFileHandler::initialize({.path = init.home + "/files", .default_filename = "index.html"});
  }
};

// WX-09
TEST_F(StaticTest, a_class_may_make_the_init_of_its_base) {
  const auto get = [this](const std::string& path) {
    return fetch_from({url<OneFolder>("/f/(.*)", {.home = home_.path()})}, path);
  };
  EXPECT_EQ(get("/f/hello.txt")->body, "Hello, static");
  EXPECT_EQ(get("/f/sub/")->body, "<p>index");
  EXPECT_EQ(get("/f/none")->code, 404);
}

// Versions that the program supplies, as part of the path.
struct Named final : StaticFiles {
  std::string get_content_version(const std::string& absolute) const override {
    return "r7-" + std::to_string(StaticFiles::get_content_version(absolute).size());
  }
  std::string make_static_url(const Settings& settings, const std::string& path,
                              bool include_version) const override {
    const auto version = include_version ? get_version(settings, path) : std::nullopt;
    return "/cdn/" + version.value_or("any") + "/" + path;
  }
};

// WX-09
TEST_F(StaticTest, names_and_versions_may_be_others) {
  settings_.static_handler_class =
      static_handler<StaticFileHandler>({.files = std::make_shared<Named>()});
  EXPECT_TRUE(fetch_from({url<Linker>("/")}, "/")->body.starts_with("/cdn/r7-128/hello.txt "));
  EXPECT_EQ(fetch("/static/hello.txt")->sent_headers["Etag"], "\"r7-128\"");
}

// Files that are kept elsewhere.
struct Elsewhere final : StaticFiles {
  std::string get_absolute_path(const std::string& root, const std::string& path) const override {
    return StaticFiles::get_absolute_path(root + "/../files-evil", path);
  }
};

// WX-09
TEST_F(StaticTest, another_folder_has_versions_too) {
  write("../files-evil/hello.txt", "elsewhere");
  settings_.static_handler_class =
      static_handler<StaticFileHandler>({.files = std::make_shared<Elsewhere>()});
  EXPECT_TRUE(fetch_from({url<Linker>("/")}, "/")->body.starts_with("/static/hello.txt?v="));
}

// WX-10
TEST_F(StaticTest, reset_forgets_versions) {
  const std::string etag = fetch("/static/hello.txt")->sent_headers["Etag"];
  StaticFiles::reset();
  EXPECT_EQ(fetch("/static/hello.txt")->sent_headers["Etag"], etag);
}

TEST_F(StaticTest, a_compressed_response_is_read_and_not_sent_by_the_system) {
  settings_.compress_response = true;
  write("long.txt", std::string(100'000, 'x'));
  auto plain = fetch("/static/long.txt");
  test::run_until(loop_, [&] { return plain->finished; });
  EXPECT_EQ(plain->body, std::string(100'000, 'x'));
  auto packed = fetch("/static/long.txt", {{"Accept-Encoding", "gzip"}});
  test::run_until(loop_, [&] { return packed->finished; });
  EXPECT_EQ(packed->sent_headers["Content-Encoding"], "gzip");
  EXPECT_LT(packed->body.size(), 2000U);
  EXPECT_FALSE(packed->sent_headers.contains("Content-Length"));
}

TEST_F(StaticTest, a_client_that_has_gone_leaves_no_error) {
  settings_.static_path = "/nowhere";
  settings_.static_handler_class = static_handler<Memory>();
  Memory::content.assign(1'000'000, 'x');
  app_ = std::make_unique<Application>(std::vector<URLSpec>(), settings_);
  const auto connection = std::make_shared<FakeConnection>();
  connection->gone = true;
  {
    const auto delegate = app_->start_request(this, connection);
    static_cast<void>(delegate->headers_received(
        httputil::RequestStartLine{"GET", "/static/blob", "HTTP/1.1"}, {{"Host", "x"}}));
    delegate->finish();
  }
  test::run_until(loop_, [&] { return connection->finished; });
  EXPECT_EQ(log_.count("Uncaught"), 0U) << log_.text();
}

// ---- types --------------------------------------------------------------------------------------

// WX-08
TEST(GuessType, by_the_last_extension) {
  using detail::guess_type;
  EXPECT_EQ(guess_type("/a/x.html"), "text/html");
  EXPECT_EQ(guess_type("x.CSS"), "text/css");
  EXPECT_EQ(guess_type("x.min.js"), "text/javascript");
  EXPECT_EQ(guess_type("x.woff2"), "font/woff2");
  EXPECT_EQ(guess_type("x.tar.gz"), "application/gzip");
  EXPECT_EQ(guess_type("x.tgz"), "application/gzip");
  EXPECT_EQ(guess_type("x.html.bz2"), "application/octet-stream");
  EXPECT_EQ(guess_type("x"), "application/octet-stream");
  EXPECT_EQ(guess_type("x."), "application/octet-stream");
  EXPECT_EQ(guess_type(".html"), "application/octet-stream");
  EXPECT_EQ(guess_type("..html"), "application/octet-stream");
  EXPECT_EQ(guess_type("/a.html/x"), "application/octet-stream");
  EXPECT_EQ(guess_type("x.veryverylongextension"), "application/octet-stream");
  EXPECT_EQ(guess_type(""), "application/octet-stream");
}

}  // namespace
}  // namespace tornado::web
