// A program that is replaced while it is serving.
#include <gtest/gtest.h>
#include <link.h>
#include <tornado/autoreload.h>
#include <tornado/httpclient.h>
#include <tornado/ioloop.h>
#include <tornado/log.h>
#include <tornado/process.h>
#include <tornado/web.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "../../base/temporary_folder.h"
#include "net/process/file_watch.h"

namespace tornado::autoreload {
namespace {

namespace fs = std::filesystem;

// Returns an executable whose only segment is the whole file, and whose section headers follow it.
std::string program_of(std::size_t size, unsigned short sections = 0) {
  ElfW(Ehdr) head{};
  std::memcpy(head.e_ident, ELFMAG, SELFMAG);
  head.e_ident[EI_CLASS] = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;
  head.e_phoff = sizeof head;
  head.e_phnum = 1;
  head.e_shoff = size;
  head.e_shnum = sections;
  head.e_shentsize = sizeof(ElfW(Shdr));
  ElfW(Phdr) segment{};
  segment.p_filesz = size;
  std::string bytes(reinterpret_cast<const char*>(&head), sizeof head);
  bytes.append(reinterpret_cast<const char*>(&segment), sizeof segment);
  bytes.resize(size, 'x');
  return bytes;
}

void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary);
  file << bytes;
}

// ---- files --------------------------------------------------------------------------------------

class FileWatchTest : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return folder_.path() + "/" + name; }

 private:
  testing::TemporaryFolder folder_;
};

// AR-01
TEST_F(FileWatchTest, a_file_has_changed_if_it_is_not_what_it_was) {
  FileWatch watch;
  watch.add(path("a"));
  EXPECT_EQ(watch.changed(), "");
  write_file(path("a"), "1");
  EXPECT_EQ(watch.changed(), "") << "seen for the first time";
  write_file(path("a"), "12");
  EXPECT_EQ(watch.changed(), path("a"));
  EXPECT_EQ(watch.changed(), "");
  fs::remove(path("a"));
  EXPECT_EQ(watch.changed(), "") << "between two versions";
  write_file(path("a"), "123");
  EXPECT_EQ(watch.changed(), path("a"));
}

// AR-01
TEST_F(FileWatchTest, a_folder_means_the_files_below_it_but_not_an_editors) {
  fs::create_directories(path("templates/parts"));
  fs::create_directories(path("templates/.git"));
  for (const char* name :
       {"page.html", "parts/head.html", ".page.html.swp", "page.html~", ".git/x"})
    write_file(path("templates/") + name, "1");
  FileWatch watch;
  watch.add(path("templates"));
  EXPECT_EQ(watch.changed(), "");
  for (const char* name : {".page.html.swp", "page.html~", ".git/x"}) {
    write_file(path("templates/") + name, "12");
    EXPECT_EQ(watch.changed(), "") << name;
  }
  write_file(path("templates/parts/head.html"), "12");
  EXPECT_EQ(watch.changed(), path("templates/parts/head.html"));
  write_file(path("templates/new.html"), "1");
  EXPECT_EQ(watch.changed(), "");
  fs::remove_all(path("templates"));
  EXPECT_EQ(watch.changed(), "");
}

// AR-01
TEST_F(FileWatchTest, a_program_is_whole_when_nobody_writes_it_any_more) {
  const std::string elf = program_of(200);
  const auto make_program = [this] { fs::permissions(path("app"), fs::perms::owner_all); };
  write_file(path("app"), elf);
  make_program();
  ProgramWatch watch(path("app"));
  watch.look();
  EXPECT_FALSE(watch.is_changed());
  EXPECT_TRUE(watch.is_whole());
  const auto look_twice = [&watch] {
    watch.look();
    watch.look();
    return watch.is_changed() && watch.is_whole();
  };
  fs::remove(path("app"));
  EXPECT_FALSE(look_twice()) << "it is not there";
  EXPECT_TRUE(watch.is_changed());
  write_file(path("app"), "");
  make_program();
  EXPECT_FALSE(look_twice()) << "it is empty";
  write_file(path("app"), "#!/bin/sh");
  EXPECT_FALSE(look_twice()) << "it is no program";
  write_file(path("app"), elf.substr(0, 10));
  EXPECT_FALSE(look_twice()) << "its header is not complete";
  write_file(path("app"), elf.substr(0, 199));
  EXPECT_FALSE(look_twice()) << "its end is missing";
  write_file(path("app"), program_of(200, 1) + "!");
  EXPECT_FALSE(look_twice()) << "its table of sections is missing";
  write_file(path("app"), elf + "!");
  watch.look();
  EXPECT_FALSE(watch.is_whole()) << "it was just written";
  write_file(path("app"), elf + "!!");
  watch.look();
  EXPECT_FALSE(watch.is_whole()) << "it is still written";
  watch.look();
  EXPECT_TRUE(watch.is_whole());
  fs::permissions(path("app"), fs::perms::owner_read);
  EXPECT_FALSE(look_twice()) << "it may not be run";
  make_program();
  EXPECT_TRUE(look_twice());
  watch.give_up();
  EXPECT_FALSE(watch.is_changed());
}

// AR-01
TEST_F(FileWatchTest, this_program_is_not_changed) {
  ProgramWatch watch;
  watch.look();
  EXPECT_FALSE(watch.is_changed()) << watch.path();
  EXPECT_EQ(fs::path(watch.path()).filename(), "autoreload_test");
}

// ---- settings -----------------------------------------------------------------------------------

class AutoreloadStart : public ::testing::Test {
 protected:
  int warnings() const {
    int count = 0;
    for (const std::string& line : log_)
      count += line.ends_with("more than once in the same process");
    return count;
  }

 private:
  std::vector<std::string> log_;
  log::Capture<std::function<bool(const log::Record&)>> capture_{[this](const log::Record& record) {
    log_.emplace_back(record.message);
    return true;
  }};
};

// AR-01
TEST_F(AutoreloadStart, a_time_that_is_not_positive_is_refused) {
  const ioloop::IOLoop loop;
  const auto refusal = [](double check_time) -> std::string {
    try {
      start(check_time);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_EQ(refusal(0), "autoreload: check_time is 0 ms, but must be positive");
  EXPECT_EQ(refusal(-0.5), "autoreload: check_time is -0.5 ms, but must be positive");
  EXPECT_EQ(refusal(std::nan("")), "autoreload: check_time is nan ms, but must be positive");
}

// AR-01
TEST_F(AutoreloadStart, a_second_watch_of_a_loop_is_reported) {
  ioloop::VirtualClock clock;
  ioloop::IOLoopOptions options;
  options.clock = &clock;
  {
    ioloop::IOLoop loop(options);
    start();
    start();
    web::Settings settings;
    settings.debug = true;
    web::Application app({}, settings);
    loop.call_later(3600, [&loop] { loop.stop(); });
    loop.start();
    EXPECT_EQ(warnings(), 0);
    ioloop::IOLoopOptions other_options = options;
    other_options.make_current = ioloop::MakeCurrent::kNo;
    ioloop::IOLoop other(other_options);
    other.run_sync([] { start(); });
    EXPECT_EQ(warnings(), 1);
  }
  ioloop::IOLoop next(options);
  start();
  EXPECT_EQ(warnings(), 1) << "the other loops are gone";
}

// ST-02, too. The setting counts: whether start() was called shows in the warning of a second loop.
// ST-01
TEST_F(AutoreloadStart, debug_turns_it_on_and_the_setting_autoreload_decides) {
  const auto warns = [this](bool debug, std::optional<bool> autoreload) {
    const int before = warnings();
    ioloop::IOLoop watched;
    start();
    std::optional<ioloop::IOLoop> second;
    ioloop::IOLoop::clear_current();
    web::Settings settings;
    settings.debug = debug;
    settings.autoreload = autoreload;
    web::Application app({}, settings);  // no loop exists yet
    EXPECT_EQ(ioloop::IOLoop::current(false), nullptr);
    second.emplace();
    app.listen(0, "127.0.0.1");
    return warnings() - before;
  };
  EXPECT_EQ(warns(false, {}), 0);
  EXPECT_EQ(warns(true, {}), 1);
  EXPECT_EQ(warns(true, false), 0);
  EXPECT_EQ(warns(false, true), 1);
}

// ---- a child ------------------------------------------------------------------------------------

class ReloadTest : public ::testing::Test {
 protected:
  ReloadTest() : app_(folder_.path() + "/app"), watched_(folder_.path() + "/watched") {
    fs::create_directory(watched_);
    write_file(watched_ + "/page.html", "1");
    replace("");
  }
  ~ReloadTest() override {
    if (!child_) return;
    child_.kill();
    loop_.run_sync([this] { return child_.wait_for_exit(false); }, 30);
  }

  // The next version, at app.new: the program followed by a few bytes, which the system ignores.
  void build(const std::string& tail) const {
    fs::copy_file(RELOAD_APP, app_ + ".new", fs::copy_options::overwrite_existing);
    std::ofstream(app_ + ".new", std::ios::binary | std::ios::app) << tail;
    expected_ = std::to_string(fs::file_size(app_ + ".new"));
  }
  void install() const { fs::rename(app_ + ".new", app_); }
  void replace(const std::string& tail) const {
    build(tail);
    install();
  }
  void run(const std::string& mode) {
    process::SubprocessOptions options;
    options.stdout_ = process::STREAM;
    options.stderr_ = process::STDOUT;
    child_ = process::Subprocess({app_, mode, watched_}, options);
  }
  // Returns the child's next line that contains this text.
  std::string line_with(const std::string& text) {
    while (true) {
      const std::string line =
          loop_.run_sync([this] { return child_.stdout_.read_until("\n"); }, 60);
      lines_.push_back(line);
      if (line.find(text) != line.npos) return line;
    }
  }
  // Reads the child's output until it serves.
  void wait_until_it_serves() {
    std::istringstream line(line_with("port "));
    std::string word;
    line >> word >> port_ >> word >> process_ >> word >> descriptors_;
  }
  std::string fetch(const std::string& method = "GET") const {
    httpclient::HTTPRequest request("http://127.0.0.1:" + std::to_string(port_) + "/");
    request.method = method;
    if (method == "POST") request.body = "";
    return httpclient::HTTPClient().fetch(request).body;
  }

  void expect_restart_by_a_file(const std::string& mode) {
    run(mode);
    wait_until_it_serves();
    write_file(watched_ + "/page.html", "12");
    EXPECT_NE(line_with("modified").find(watched_ + "/page.html modified; restarting server"),
              std::string::npos);
    wait_until_it_serves();
    EXPECT_EQ(fetch(), expected_);
  }

  testing::TemporaryFolder folder_;
  const std::string app_;
  const std::string watched_;
  mutable std::string expected_;  // the size of the program on disk
  ioloop::IOLoop loop_;
  process::Subprocess child_;
  std::vector<std::string> lines_;
  int port_ = 0;
  int process_ = 0;
  int descriptors_ = 0;
};

// AR-01
TEST_F(ReloadTest, a_changed_program_is_started_in_its_place) {
  run("serve");
  wait_until_it_serves();
  EXPECT_EQ(fetch(), expected_);
  const auto [port, process, descriptors] = std::tuple(port_, process_, descriptors_);
  for (const char* const tail : {"2", "33"}) {
    replace(tail);
    EXPECT_NE(line_with("modified").find(app_ + " modified; restarting server"), std::string::npos);
    line_with("hook");
    EXPECT_NE(line_with("reload hook").find("std::runtime_error: a hook fails"), std::string::npos);
    wait_until_it_serves();
    EXPECT_EQ(process_, process);
    EXPECT_EQ(descriptors_, descriptors) << "of the old program, nothing is open";
    EXPECT_EQ(fetch(), expected_);
  }
  if (port_ != port) {
    port_ = port;
    EXPECT_ANY_THROW(fetch()) << "the old program's port is closed";
  }
}

// AR-01
TEST_F(ReloadTest, a_broken_build_is_outlived) {
  run("serve");
  wait_until_it_serves();
  const std::string old = expected_;
  fs::remove(app_);
  line_with("waiting until " + app_ + " is complete");
  EXPECT_EQ(fetch("POST"), old);
  const auto readable = fs::perms::owner_read | fs::perms::owner_write;
  build("two");
  fs::permissions(app_ + ".new", readable);  // as a linker does: not executable yet
  fs::resize_file(app_ + ".new", 100'000);
  install();
  EXPECT_EQ(fetch("POST"), old);
  build("two");
  fs::permissions(app_ + ".new", readable);
  install();
  EXPECT_EQ(fetch("POST"), old);
  fs::permissions(app_, fs::perms::owner_all);
  line_with("modified; restarting server");
  wait_until_it_serves();
  EXPECT_EQ(fetch(), expected_);
}

// AR-01
TEST_F(ReloadTest, a_program_that_the_system_does_not_run_is_outlived) {
  run("serve");
  wait_until_it_serves();
  const std::string old = expected_;
  write_file(app_ + ".new", program_of(200));
  fs::permissions(app_ + ".new", fs::perms::owner_all);
  fs::rename(app_ + ".new", app_);
  EXPECT_NE(line_with("cannot run").find("Exec format error"), std::string::npos);
  EXPECT_EQ(fetch("POST"), old);
  replace("2");
  wait_until_it_serves();
  EXPECT_EQ(fetch(), expected_);
}

// AR-01
TEST_F(ReloadTest, half_of_a_program_is_outlived) {
  run("serve");
  wait_until_it_serves();
  const std::string old = expected_;
  fs::copy_file(app_, app_ + ".new");
  fs::resize_file(app_ + ".new", fs::file_size(app_) / 2);
  fs::rename(app_ + ".new", app_);
  EXPECT_NE(line_with("waiting until").find("is complete"), std::string::npos);
  EXPECT_EQ(fetch("POST"), old);
  replace("2");
  wait_until_it_serves();
  EXPECT_EQ(fetch(), expected_);
}

// AR-01
TEST_F(ReloadTest, a_watched_file_restarts_the_same_program) {
  expect_restart_by_a_file("serve");
}

// AR-01
TEST_F(ReloadTest, so_does_a_file_of_static_path) {
  expect_restart_by_a_file("static");
}

// AR-01
TEST_F(ReloadTest, so_does_a_template) {
  expect_restart_by_a_file("templates");
}

// AR-01
TEST_F(ReloadTest, a_child_of_fork_processes_stays_what_it_is) {
  run("fork");
  wait_until_it_serves();
  const std::string old = fetch();
  replace("2");
  write_file(watched_ + "/page.html", "12");
  EXPECT_EQ(fetch("POST"), old);
  for (const std::string& line : lines_) EXPECT_EQ(line.find("modified"), line.npos) << line;
}

// AR-01
TEST_F(ReloadTest, wait_restarts_a_program_that_is_done) {
  run("wait");
  EXPECT_EQ(line_with("done "), "done " + expected_ + "\n");
  replace("2");
  EXPECT_EQ(line_with("done "), "done " + expected_ + "\n");
}

}  // namespace
}  // namespace tornado::autoreload
