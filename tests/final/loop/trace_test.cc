// The file of --trace, read as Perfetto reads it.
#include <sys/wait.h>
#include <tornado/json.h>
#include <tornado/options.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "loop/probe/trace_events.h"
#include "loop_test_util.h"

namespace tornado::test {
namespace {

using ioloop::IOLoop;
using ioloop::LoopRecord;
using ioloop::RecordKind;
using ioloop::RecordRing;
using ioloop::detail::TraceEvents;
using ioloop::detail::Tracks;

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Events that have begun and not ended, to be checked at the end of a trace.
struct Open {
  std::set<std::int64_t> arrows;
  std::multiset<std::int64_t> waits;
};

// Checks the rules of the trace-event format for one event.
void check_event(const json& event, std::map<std::int64_t, double>& last, Open& open) {
  SCOPED_TRACE(event.dump());
  const auto phase = event.at("ph").get<std::string>();
  ASSERT_TRUE(std::set<std::string>({"M", "X", "i", "C", "s", "f", "b", "e"}).contains(phase));
  ASSERT_TRUE(event.at("name").is_string() && event.at("cat").is_string());
  ASSERT_TRUE(event.at("pid").is_number_integer() && event.at("tid").is_number_integer());
  ASSERT_GE(event.at("ts").get<double>(), 0);
  if (phase == "M") return;
  // Times of one track never go back.
  double& before = last[event.at("tid").get<std::int64_t>()];
  ASSERT_GE(event.at("ts").get<double>(), before);
  before = event.at("ts").get<double>();
  ASSERT_TRUE(phase != "X" || event.at("dur").get<double>() >= 0);
  ASSERT_TRUE(phase != "i" || event.at("s") == "t" || event.at("s") == "g");
  ASSERT_TRUE(phase != "C" || event.at("args").is_object());
  ASSERT_TRUE(phase != "s" || open.arrows.insert(event.at("id").get<std::int64_t>()).second);
  if (phase == "f") {
    ASSERT_EQ(event.at("bp"), "e");
    ASSERT_EQ(open.arrows.erase(event.at("id").get<std::int64_t>()), 1u);
  }
  if (phase == "b") open.waits.insert(event.at("id").get<std::int64_t>());
  if (phase == "e") {
    const auto found = open.waits.find(event.at("id").get<std::int64_t>());
    ASSERT_TRUE(found != open.waits.end());
    open.waits.erase(found);
  }
}

Open check_trace(const json& events) {
  Open open;
  std::map<std::int64_t, double> last;
  for (const json& event : events) check_event(event, last, open);
  return open;
}

Future<void> nap() {
  co_await gen::sleep(0.002);
}

// Runs in a process of its own: a program of a user, with a command line.
[[noreturn]] void traced_program(const std::string& path, bool forks) {
  const std::string option = "--trace=" + path;
  const char* arguments[] = {"program", option.c_str()};
  options::parse_command_line(2, arguments);
  if (forks) {
    if (const pid_t child = ::fork(); child != 0) {
      ::waitpid(child, nullptr, 0);
      std::exit(0);
    }
  }
  auto& loop = IOLoop::current();
  loop.run_sync([&loop]() -> Future<void> {
    for (int i = 0; i < 20; ++i) {
      const auto napping = nap();
      co_await napping;
    }
    auto job = loop.run_in_executor(nullptr, [] {});
    co_await job;
  });
  std::exit(0);
}

class Trace : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "trace-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string path() const { return (folder_ / "trace.json").string(); }

  // Runs a process with `--trace` to its end.
  void run(bool forks) const {
    const pid_t child = ::fork();
    if (child == 0) traced_program(path(), forks);
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_EQ(status, 0);
  }

  std::filesystem::path folder_;
};

std::size_t count(const json& events, const std::string& phase, const std::string& category) {
  return static_cast<std::size_t>(std::ranges::count_if(events, [&](const json& event) {
    return event.at("ph") == phase && event.at("cat") == category;
  }));
}

TEST_F(Trace, a_program_with_the_option_leaves_a_valid_trace) {
  run(false);
  const json events = json::parse(text_of(path()));
  const Open open = check_trace(events);
  EXPECT_TRUE(open.waits.empty());
  EXPECT_TRUE(open.arrows.empty());
  EXPECT_GE(count(events, "X", "run"), 40u);  // timers and coroutines
  EXPECT_GE(count(events, "X", "sleep"), 20u);
  EXPECT_EQ(count(events, "X", "pool"), 1u);
  EXPECT_GE(count(events, "f", "ready"), 40u);  // a timer wakes nap(), which wakes its caller
  EXPECT_EQ(count(events, "b", "coroutine"), count(events, "e", "coroutine"));
}

TEST_F(Trace, an_arrow_begins_inside_of_what_woke_and_ends_where_the_woken_begins) {
  run(false);
  const json events = json::parse(text_of(path()));
  std::set<double> begins;
  for (const json& event : events) {
    if (event.at("ph") == "X" && event.at("cat") == "run")
      begins.insert(event.at("ts").get<double>());
  }
  for (const json& event : events) {
    if (event.at("ph") == "f") {
      EXPECT_TRUE(begins.contains(event.at("ts").get<double>())) << event;
    }
    if (event.at("ph") != "s") continue;
    const auto at = event.at("ts").get<double>();
    EXPECT_TRUE(std::ranges::any_of(events, [at](const json& span) {
      return span.at("ph") == "X" && span.at("cat") != "sleep" &&
             span.at("ts").get<double>() <= at &&
             at <= span.at("ts").get<double>() + span.at("dur").get<double>() + 1e-3;
    })) << event;
  }
}

TEST_F(Trace, a_forked_process_writes_a_file_of_its_own) {
  run(true);
  EXPECT_FALSE(std::filesystem::exists(path()));  // the parent ran no loop
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    files.push_back(entry.path());
  }
  ASSERT_EQ(files.size(), 1u);
  EXPECT_THAT(files[0].filename().string(), ::testing::MatchesRegex("trace.json.[0-9]+"));
  check_trace(json::parse(text_of(files[0].string())));
}

// ---- the translation ----------------------------------------------------------------------------

json translated(RecordRing& ring, TraceEvents& events, bool last) {
  std::string text;
  events.take(ring, text, last);
  return json::parse("[" + (text.empty() ? text : text.substr(1)) + "]");
}

TEST(TraceEvents, what_ran_later_but_began_earlier_is_put_in_order) {
  RecordRing ring;
  Tracks tracks;
  TraceEvents events(1, 2, tracks);
  ring.record({.kind = RecordKind::kReady, .id = 7, .start_ns = 150});
  ring.record({.kind = RecordKind::kRun, .id = 5, .arg = 1, .start_ns = 100, .duration_ns = 90});
  ring.record({.kind = RecordKind::kRun, .id = 7, .arg = 3, .start_ns = 200, .duration_ns = 9});
  EXPECT_EQ(translated(ring, events, false).size(), 1u);  // only the track's name: the turn goes on
  ring.record({.kind = RecordKind::kSleep, .start_ns = 300, .duration_ns = 50});
  const json made = translated(ring, events, false);
  const Open open = check_trace(made);
  EXPECT_TRUE(open.arrows.empty());
  ASSERT_EQ(made.size(), 5u);
  EXPECT_EQ(made[0].at("ts"), 0.1);
  EXPECT_EQ(made[0].at("dur"), 0.09);
  EXPECT_EQ(made[1].at("ph"), "s");
  EXPECT_EQ(made[3].at("ph"), "f");
}

TEST(TraceEvents, a_turn_that_does_not_end_is_written_in_pieces) {
  RecordRing ring;
  Tracks tracks;
  TraceEvents events(1, 2, tracks);
  for (std::size_t i = 0; i < TraceEvents::kMostRecords; ++i) {
    ring.record({.kind = RecordKind::kRun, .id = 1, .start_ns = i});
  }
  std::string text;
  events.take(ring, text, false);
  const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n'));
  EXPECT_EQ(lines, TraceEvents::kMostRecords + 1);  // one of them names the track
}

TEST(TraceEvents, dropped_records_are_reported) {
  RecordRing ring(4);
  Tracks tracks;
  TraceEvents events(1, 2, tracks);
  for (int i = 0; i < 7; ++i) ring.record({.kind = RecordKind::kSleep});
  const json made = translated(ring, events, true);
  EXPECT_EQ(made.back().at("name"), "dropped 3 records");
  EXPECT_TRUE(translated(ring, events, true).empty());
}

}  // namespace
}  // namespace tornado::test
