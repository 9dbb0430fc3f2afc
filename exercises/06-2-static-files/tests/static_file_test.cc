#include "06-2-static-files/static_file.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "06-request-handler/application.h"
#include "support/story.h"
#include "tests/chapters/04-iostream/stream_pair.h"

namespace {

namespace fs = std::filesystem;
using story::Story;

// A folder "site" with a page and a folder, next to "secret.txt" and "site-private/secret.txt", and
// a server for it.
class Site {
 public:
  explicit Site(Story& story) : story_(story), folder_(make_folder()) {
    fs::create_directories(folder_ / "site" / "pictures");
    fs::create_directories(folder_ / "site-private");
    put("site/page.html", "<p>hello</p>");
    put("site/notes..txt", "<p>text</p>");
    put("site/pictures/sun.png", "a sun");
    put("secret.txt", "secret");
    put("site-private/secret.txt", "secret");
    port_ = app_.listen(loop_, 0).port();
  }
  ~Site() { fs::remove_all(folder_); }
  Site(const Site&) = delete;
  Site& operator=(const Site&) = delete;

  // Returns the status and, if that is 200, type and body: "200 text/plain; charset=UTF-8 hello".
  std::string get(const std::string& path) {
    story_.step("a client asks for " + path);
    mini::Client client(port_);
    client.send("GET " + path + " HTTP/1.0\r\n\r\n");
    mini::settle(loop_);
    client.half_close();
    const std::string answer = client.read_to_end();
    if (answer.substr(9, 3) != "200") return answer.substr(9, 3);
    const std::size_t type = answer.find("Content-Type: ") + 14;
    return "200 " + answer.substr(type, answer.find("\r\n", type) - type) + " " +
           answer.substr(answer.find("\r\n\r\n") + 4);
  }
  const fs::path& folder() const { return folder_; }

 private:
  static fs::path make_folder() {
    std::string name = (fs::temp_directory_path() / "site-XXXXXX").string();
    return fs::canonical(::mkdtemp(name.data()));
  }
  void put(const std::string& name, const std::string& content) {
    std::ofstream(folder_ / name) << content;
  }

  Story& story_;
  const fs::path folder_;
  mini::IOLoop loop_;
  mini::Application app_{
      {mini::url<StaticFileHandler>("/static/(.*)", "", (folder_ / "site").string())}};
  std::uint16_t port_ = 0;
};

TEST(StaticFile, what_the_folder_holds) {
  Story story("These pass with the starter: they ask for what the folder holds.");
  Site site(story);
  story.expect("the response", std::string("200 text/html; charset=UTF-8 <p>hello</p>"),
               site.get("/static/page.html"));
  story.expect("the response", std::string("200 image/png a sun"),
               site.get("/static/pictures/sun.png"));
  story.expect("the response", std::string("404"), site.get("/static/moon.png"));
}

TEST(StaticFile, a_name_that_climbs) {
  Story story(
      "A name from a client is a wish. curl and browsers turn /static/../x into /x before they "
      "ask. An attacker\n"
      "  does not, or writes %2e%2e, and the route decodes that for you.");
  Site site(story);
  story.expect("the response", std::string("404"), site.get("/static/../secret.txt"));
  story.expect("the response", std::string("404"), site.get("/static/%2e%2e/secret.txt"));
}

TEST(StaticFile, a_name_that_climbs_once_it_is_cleaned) {
  Story story(
      "If you cut something out of a name, you get another name, and nobody has checked that one.");
  Site site(story);
  story.expect("the response", std::string("404"), site.get("/static/....//secret.txt"));
}

TEST(StaticFile, a_name_that_begins_at_the_root) {
  Story story(
      "A path that begins with a slash begins at the root. Join it to a folder, and the folder is "
      "gone. It has\n"
      "  no dots to look for.");
  Site site(story);
  story.expect("the response", std::string("404"),
               site.get("/static/" + (site.folder() / "secret.txt").string()));
  story.expect("the response", std::string("200 text/plain; charset=UTF-8 <p>text</p>"),
               site.get("/static/notes..txt"));
}

TEST(StaticFile, a_neighbour_whose_name_begins_alike) {
  Story story(
      "A path is a list of names, not a string of letters: site-private begins with site, and is "
      "not in it.");
  Site site(story);
  story.expect("the response", std::string("404"), site.get("/static/../site-private/secret.txt"));
}

TEST(StaticFile, a_link_that_leads_out) {
  Story story(
      "A name may stay in the folder and lead out of it: you see where a symbolic link leads only "
      "if you ask the\n"
      "  file system. A link that leads to a file in the folder is no harm.");
  Site site(story);
  story.step(
      "site/link.txt leads to ../secret.txt, site/up to .., and site/home.html to page.html");
  fs::create_symlink("../secret.txt", site.folder() / "site" / "link.txt");
  fs::create_symlink("..", site.folder() / "site" / "up");
  fs::create_symlink("page.html", site.folder() / "site" / "home.html");
  story.expect("the response", std::string("404"), site.get("/static/link.txt"));
  story.expect("the response", std::string("404"), site.get("/static/up/secret.txt"));
  story.expect("the response", std::string("200 text/html; charset=UTF-8 <p>hello</p>"),
               site.get("/static/home.html"));
}

TEST(StaticFile, a_folder) {
  Story story("Not everything that exists is a file. A folder can be opened, and reads as empty.");
  Site site(story);
  story.expect("the response", std::string("404"), site.get("/static/pictures"));
  story.expect("the response", std::string("404"), site.get("/static/"));
}

}  // namespace
