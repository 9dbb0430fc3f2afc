#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <tornado/log.h>
#include <tornado/options.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "../temporary_folder.h"
#include "../vectors.h"
#include "base/log/format.h"
#include "base/log/sinks.h"

namespace tornado::log {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using tornado::testing::contents_of;
using tornado::testing::TemporaryFolder;
using tornado::testing::vectors_for;

constexpr const char* kPrefix = "\\[. [0-9]+ [0-9:]+ log_test:[0-9]+\\] ";

// Logging is set up for the whole process, so each case that changes it runs in a child.
template <typename Run>
std::string stderr_of_child(Run run) {
  int ends[2];
  if (::pipe(ends) != 0) return "no pipe";
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], STDERR_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    run();
    std::exit(0);  // runs the exit handlers, which flush
  }
  ::close(ends[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t n; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(n));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return status == 0 ? text : "the child failed: " + text;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// LG-01
TEST(Log, names_and_the_tree_of_levels) {
  EXPECT_EQ(access_log.name(), "tornado.access");
  EXPECT_EQ(app_log.name(), "tornado.application");
  EXPECT_EQ(gen_log.name(), "tornado.general");
  EXPECT_EQ(&get_logger("tornado.general"), &gen_log);
  EXPECT_EQ(&get_logger(), &get_logger(""));

  Logger& parent = get_logger("log_test.a");
  Logger& child = get_logger("log_test.a.b.c");
  EXPECT_EQ(child.level(), Level::kWarning);
  EXPECT_FALSE(child.enabled(Level::kInfo));
  EXPECT_TRUE(child.enabled(Level::kWarning));
  parent.set_level(Level::kDebug);
  EXPECT_TRUE(child.enabled(Level::kDebug));
  EXPECT_FALSE(get_logger("log_test").enabled(Level::kInfo));
  EXPECT_FALSE(get_logger("log_test.ab").enabled(Level::kInfo)) << "a name is no prefix";
  child.set_level(Level::kError);
  EXPECT_FALSE(child.enabled(Level::kWarning));
  child.unset_level();
  EXPECT_TRUE(child.enabled(Level::kDebug));
  parent.unset_level();
  EXPECT_EQ(child.level(), Level::kWarning);
}

// LG-01
TEST(Log, before_set_up_warnings_go_to_stderr_bare) {
  EXPECT_EQ(stderr_of_child([] {
              gen_log.info("not shown");
              gen_log.warning("shown");
              get_logger().set_level(Level::kDebug);
              app_log.info("still not shown");
              app_log.critical("two\nlines");
            }),
            "shown\ntwo\nlines\n");
}

// LG-02
TEST(Log, format_of_a_line) {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  LineFormatter formatter(false);
  std::string out;
  formatter.append(out, {"tornado.access", Level::kInfo, "message", "/a.b/web.cc", 2418},
                   1795215307);
  formatter.append(out, {"x", Level::kError, "Traceback\n  line\n", "x.y.h", 1}, 1795215308);
  formatter.append(out, {"x", Level::kDebug, "", "plain", 10}, 0);
  EXPECT_EQ(out,
            "[I 261120 22:55:07 web:2418] message\n"
            "[E 261120 22:55:08 x.y:1] Traceback\n      line\n    \n"
            "[D 700101 00:00:00 plain:10] \n");
}

// LG-02
TEST(Log, colours_by_level) {
  LineFormatter formatter(true);
  const char* const expected[] = {"\033[34m[D ", "\033[32m[I ", "\033[33m[W ", "\033[31m[E ",
                                  "\033[35m[C "};
  for (int level = 0; level < 5; ++level) {
    std::string out;
    formatter.append(out, {"x", static_cast<Level>(level), "m", "f.cc", 1}, 0);
    EXPECT_THAT(out, ::testing::StartsWith(expected[level]));
    EXPECT_THAT(out, ::testing::EndsWith("f:1]\033[0m m\n"));
  }
}

TEST(Log, a_json_line_is_one_object_with_its_fields) {
  const Field fields[] = {{"status", {}, 200}, {"milliseconds", {}, 1.5}, {"uri", "/a\"b\n\xff"}};
  std::string out;
  append_json(out, {"tornado.access", Level::kWarning, "two\nlines", "/a.b/web.cc", 7, fields},
              {.tv_sec = 1795215307, .tv_nsec = 8'000'000});
  EXPECT_EQ(out,
            "{\"time\":\"2026-11-20T22:55:07.008Z\",\"level\":\"warning\","
            "\"logger\":\"tornado.access\",\"file\":\"web\",\"line\":7,\"message\":\"two\\nlines\","
            "\"status\":200,\"milliseconds\":1.5,\"uri\":\"/a\\\"b\\n\xEF\xBF\xBD\"}\n");
}

TEST(Log, log_format_json_writes_an_object_for_each_line) {
  const std::string text = stderr_of_child([] {
    options::OptionParser parser;
    define_logging_options(parser);
    parser.parse_command_line({"program", "--log-format=json"});
    app_log.warning("evil\n[I 261120 22:55:07 web:1] imitated");
    access_log.info("200 GET /");
  });
  const auto lines = lines_of(text);
  ASSERT_EQ(lines.size(), 2u) << text;
  EXPECT_THAT(lines[0], HasSubstr("\"message\":\"evil\\n[I 261120 22:55:07 web:1] imitated\""));
  EXPECT_THAT(lines[1], HasSubstr("\"level\":\"info\",\"logger\":\"tornado.access\""));
  EXPECT_THAT(lines, ::testing::Each(::testing::StartsWith("{\"time\":\"20")));
}

TEST(Log, an_unknown_log_format_is_refused) {
  LogOptions options;
  options.log_format = "xml";
  EXPECT_THROW(enable_pretty_logging(options), std::invalid_argument);
}

// LG-04
TEST(Log, pretty_logging_writes_lines_in_order_with_the_callers_place) {
  const auto lines = lines_of(stderr_of_child([] {
    enable_pretty_logging();
    access_log.info("1");
    access_log.info("2");
    gen_log.warning("3");
    access_log.info("4");
    access_log.error("5");
    access_log.debug("not shown");
    access_log.info("6");
  }));
  ASSERT_EQ(lines.size(), 6u);
  const char kLetters[] = "IIWIEI";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    EXPECT_THAT(lines[i], MatchesRegex(kPrefix + std::to_string(i + 1)));
    EXPECT_EQ(lines[i][1], kLetters[i]);
  }
}

// LG-04
TEST(Log, logging_none_changes_nothing) {
  EXPECT_EQ(stderr_of_child([] {
              enable_pretty_logging({.logging = "None"});
              gen_log.info("not shown");
              gen_log.warning("bare");
            }),
            "bare\n");
}

// LG-04
TEST(Log, wrong_options_throw_and_change_nothing) {
  TemporaryFolder folder;
  EXPECT_THROW(enable_pretty_logging({.logging = "loud"}), std::invalid_argument);
  EXPECT_THROW(enable_pretty_logging({.log_file_prefix = folder.path() + "/no/such/x"}),
               std::runtime_error);
  const std::string path = folder.path() + "/x";
  EXPECT_THROW(enable_pretty_logging({.log_file_prefix = path, .log_rotate_mode = "day"}),
               std::invalid_argument);
  EXPECT_THROW(enable_pretty_logging(
                   {.log_file_prefix = path, .log_rotate_mode = "time", .log_rotate_when = "W7"}),
               std::invalid_argument);
  EXPECT_THROW(enable_pretty_logging(
                   {.log_file_prefix = path, .log_rotate_mode = "time", .log_rotate_interval = 0}),
               std::invalid_argument);
  EXPECT_FALSE(gen_log.enabled(Level::kInfo));
  EXPECT_FALSE(fs::exists(path));
}

// LG-03
TEST(Log, parse_command_line_turns_pretty_logging_on) {
  const auto text = stderr_of_child([] {
    const char* const args[] = {"program", "--logging=warning"};
    options::parse_command_line(2, args);
    app_log.info("not shown");
    app_log.warning("shown");
  });
  EXPECT_THAT(text, MatchesRegex(std::string(kPrefix) + "shown\n"));
}

// LG-03
TEST(Log, log_file_instead_of_stderr_or_both) {
  TemporaryFolder folder;
  for (const bool both : {false, true}) {
    const std::string path = folder.path() + (both ? "/both" : "/file");
    const auto text = stderr_of_child([&] {
      std::vector<std::string> args{"program", "--log_file_prefix=" + path};
      if (both) args.push_back("--log-to-stderr");
      options::options().parse_command_line(args);
      access_log.info("request");
    });
    EXPECT_THAT(contents_of(path), MatchesRegex(std::string(kPrefix) + "request\n"));
    EXPECT_EQ(text, both ? contents_of(path) : "");
  }
}

// LG-03
TEST(Log, second_set_up_replaces_the_first) {
  TemporaryFolder folder;
  const std::string path = folder.path() + "/x";
  EXPECT_EQ(stderr_of_child([&] {
              enable_pretty_logging({.log_file_prefix = path});
              access_log.info("once");
              enable_pretty_logging({.log_file_prefix = path});
              access_log.info("twice");
            }),
            "");
  EXPECT_EQ(lines_of(contents_of(path)).size(), 2u);
}

TEST(Log, access_lines_wait_for_flush_64_KiB_or_another_line) {
  TemporaryFolder folder;
  const std::string path = folder.path() + "/x";
  const auto count = [&path] { return lines_of(contents_of(path)).size(); };
  const auto text = stderr_of_child([&] {
    enable_pretty_logging({.log_file_prefix = path});
    access_log.info("1");
    std::fprintf(stderr, "%zu ", count());
    flush();
    std::fprintf(stderr, "%zu ", count());
    access_log.info("2");
    app_log.info("3");
    std::fprintf(stderr, "%zu ", count());
    access_log.info(std::string(64 * 1024, 'x'));
    std::fprintf(stderr, "%zu ", count());
    access_log.warning("5");
    std::fprintf(stderr, "%zu ", count());
    access_log.info("6");
  });
  EXPECT_EQ(text, "0 1 3 4 5 ");
  EXPECT_EQ(count(), 6u) << "the rest is written at exit";
}

TEST(Log, a_fork_does_not_write_held_lines_twice) {
  TemporaryFolder folder;
  const std::string path = folder.path() + "/x";
  stderr_of_child([&] {
    enable_pretty_logging({.log_file_prefix = path});
    access_log.info("parent");
    const pid_t child = ::fork();
    if (child == 0) {
      access_log.info("child");
      std::exit(0);
    }
    ::waitpid(child, nullptr, 0);
  });
  EXPECT_EQ(lines_of(contents_of(path)).size(), 2u);
}

TEST(Log, a_blocked_or_closed_stderr_loses_lines_and_nothing_else) {
  const auto text = stderr_of_child([] {
    enable_pretty_logging();
    int ends[2];
    if (::pipe2(ends, O_NONBLOCK) != 0) std::exit(1);
    while (::write(ends[1], "x", 1) == 1) {
    }
    ::dup2(ends[1], STDERR_FILENO);
    app_log.error("lost in a full pipe");
    ::close(STDERR_FILENO);
    app_log.error("lost");
  });
  EXPECT_EQ(text, "");
}

TEST(Log, lines_of_many_threads_do_not_mix) {
  TemporaryFolder folder;
  const std::string path = folder.path() + "/x";
  stderr_of_child([&] {
    enable_pretty_logging({.log_file_prefix = path});
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([] {
        for (int i = 0; i < 500; ++i) {
          access_log.info("access end");
          gen_log.info("general end");
          flush();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
  const auto lines = lines_of(contents_of(path));
  EXPECT_EQ(lines.size(), 4000u);
  for (const std::string& line : lines)
    ASSERT_THAT(line, MatchesRegex(std::string(kPrefix) + "(access|general) end"));
}

TEST(Capture, sees_enabled_records_and_swallows_on_demand) {
  std::vector<std::string> seen;
  ::testing::internal::CaptureStderr();
  {
    const Capture capture([&](const Record& record) {
      seen.push_back(std::string(record.logger) + " " + std::string(record.message));
      EXPECT_EQ(module_of(record.file), "log_test");
      EXPECT_GT(record.line, 1u);
      return record.level == Level::kWarning;
    });
    gen_log.info("not enabled");
    gen_log.warning("swallowed");
    app_log.error("passed on");
  }
  gen_log.warning("after");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "passed on\nafter\n");
  EXPECT_THAT(seen, ElementsAre("tornado.general swallowed", "tornado.application passed on"));
}

TEST(Capture, newest_first_and_swallowed_records_stop) {
  std::vector<int> order;
  const Capture outer([&](const Record&) { return order.push_back(1), true; });
  {
    const Capture inner(
        [&](const Record& r) { return order.push_back(2), r.level == Level::kError; });
    gen_log.error("inner only");
    gen_log.warning("both");
  }
  EXPECT_THAT(order, ElementsAre(2, 2, 1));
}

TEST(Capture, hooks_may_log_throw_and_capture) {
  int calls = 0;
  ::testing::internal::CaptureStderr();
  {
    const Capture capture([&](const Record&) -> bool {
      ++calls;
      const Capture another([](const Record&) { return true; });
      gen_log.warning("from the hook");
      throw std::runtime_error("hook");
    });
    gen_log.warning("first");
  }
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "from the hook\nfirst\n");
}

TEST(Capture, hooks_of_many_threads_run_one_at_a_time) {
  int calls = 0;  // not atomic: under the thread sanitizer, this tests the promise
  const Capture capture([&](const Record&) { return ++calls > 0; });
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 250; ++i) gen_log.error("x");
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(calls, 1000);
}

class LogFile : public ::testing::Test {
 protected:
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(folder_.path()))
      found.push_back(entry.path().filename().string());
    std::sort(found.begin(), found.end());
    return found;
  }
  std::string contents(const std::string& name) const {
    return contents_of(folder_.path() + "/" + name);
  }

  LogOptions options(std::int64_t max_size, int backups) const {
    LogOptions options;
    options.log_file_prefix = folder_.path() + "/app.log";
    options.log_file_max_size = max_size;
    options.log_file_num_backups = backups;
    return options;
  }
  LogOptions timed(const std::string& when, int interval, int backups) const {
    LogOptions result = options(0, backups);
    result.log_rotate_mode = "time";
    result.log_rotate_when = when;
    result.log_rotate_interval = interval;
    return result;
  }
  Clock clock() {
    return [this] { return now_; };
  }

  TemporaryFolder folder_;
  std::time_t now_ = 0;
};

// LG-03
TEST_F(LogFile, size_rotation_keeps_so_many_files_below_the_size) {
  const Sink sink = make_file_sink(options(10, 2), clock());
  for (const char* line : {"one\n", "two\n", "three\n", "four\n", "fifth\n"})
    EXPECT_TRUE(write_lines(*sink, line));
  EXPECT_THAT(names(), ElementsAre("app.log", "app.log.1", "app.log.2"));
  EXPECT_EQ(contents("app.log"), "fifth\n");
  EXPECT_EQ(contents("app.log.1"), "four\n");
  EXPECT_EQ(contents("app.log.2"), "three\n");
}

// LG-03
TEST_F(LogFile, size_rotation_divides_held_lines) {
  const Sink sink = make_file_sink(options(10, 5), clock());
  EXPECT_TRUE(write_lines(*sink, "a\nb\nc\nd\nlonger than ten\ne\n"));
  EXPECT_EQ(contents("app.log.2"), "a\nb\nc\nd\n");
  EXPECT_EQ(contents("app.log.1"), "longer than ten\n");
  EXPECT_EQ(contents("app.log"), "e\n");
}

// LG-03
TEST_F(LogFile, size_rotation_goes_on_with_an_older_file) {
  std::ofstream(folder_.path() + "/app.log") << "12345678\n";
  const Sink sink = make_file_sink(options(10, 1), clock());
  EXPECT_TRUE(write_lines(*sink, "x\n"));
  EXPECT_EQ(contents("app.log.1"), "12345678\n");
  EXPECT_EQ(contents("app.log"), "x\n");
}

// LG-03
TEST_F(LogFile, no_backups_or_no_size_means_no_rotation) {
  for (const auto& given : {options(10, 0), options(0, 5)}) {
    const Sink sink = make_file_sink(given, clock());
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(write_lines(*sink, "12345678\n"));
    EXPECT_THAT(names(), ElementsAre("app.log"));
  }
  EXPECT_EQ(contents("app.log").size(), 54u);
}

// LG-03
TEST_F(LogFile, file_that_cannot_be_written_loses_lines) {
  LogOptions full = options(0, 0);
  full.log_file_prefix = "/dev/full";
  const Sink sink = make_file_sink(full, clock());
  EXPECT_FALSE(write_lines(*sink, "lost\n"));
  EXPECT_FALSE(write_lines(*sink, "lost too\n"));
}

// LG-03
TEST_F(LogFile, time_rotation_names_files_by_their_start) {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  now_ = 1795215307;  // 2026-11-20 22:55:07
  const Sink sink = make_file_sink(timed("H", 1, 2), clock());
  write_lines(*sink, "22h\n");
  EXPECT_THAT(names(), ElementsAre("app.log"));
  now_ += 3600;
  write_lines(*sink, "23h\n");
  EXPECT_THAT(names(), ElementsAre("app.log", "app.log.2026-11-20_22"));
  now_ += 7200;
  write_lines(*sink, "1h\n");
  now_ += 3600;
  write_lines(*sink, "2h\n");
  EXPECT_THAT(names(), ElementsAre("app.log", "app.log.2026-11-20_23", "app.log.2026-11-21_01"))
      << "the oldest is gone";
  EXPECT_EQ(contents("app.log"), "2h\n");
}

// LG-03
TEST_F(LogFile, time_rotation_removes_files_of_its_own_only) {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  for (const char* name : {"app.log.2020-01-01", "app.log.2020-01-02", "app.log.old",
                           "app.log.2020", "other.2020-01-01"}) {
    std::ofstream(folder_.path() + "/" + name) << "x";
  }
  now_ = 1795215307;
  const Sink sink = make_file_sink(timed("midnight", 1, 1), clock());
  write_lines(*sink, "a\n");
  now_ += 7200;
  write_lines(*sink, "b\n");
  EXPECT_THAT(names(), ElementsAre("app.log", "app.log.2020", "app.log.2026-11-20", "app.log.old",
                                   "other.2020-01-01"));
}

// LG-03
TEST(LogRollover, next_rollover_as_python) {
  ::setenv("TZ", "Europe/Berlin", 1);
  ::tzset();
  for (const json& v : vectors_for("next_rollover")) {
    EXPECT_EQ(next_rollover(v["when"].get<std::string>(), v["interval"], v["in"]), v["out"]) << v;
  }
  ::setenv("TZ", "UTC", 1);
  ::tzset();
}

}  // namespace
}  // namespace tornado::log
