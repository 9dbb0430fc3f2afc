// fork_processes, seen from outside: each case is a run of fork_app.
#include <signal.h>
#include <tornado/process.h>
#include <tornado/tcpclient.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "../net_test_tools.h"

namespace tornado {
namespace {

using process::Subprocess;
using test::run;
using test::run_until;

struct Outcome {
  int code = 0;
  std::vector<std::string> lines;  // sorted
  std::string log;
};

class ForkTest : public ::testing::Test {
 protected:
  Subprocess start(std::vector<std::string> args) {
    process::SubprocessOptions options;
    options.stdout_ = process::STREAM;
    options.stderr_ = process::STREAM;
    args.insert(args.begin(), FORK_APP);
    return Subprocess(std::move(args), options);
  }
  Outcome outcome_of(std::vector<std::string> args) {
    const Subprocess child = start(std::move(args));
    return run(loop, [child]() -> Future<Outcome> {
      const auto log = child.stderr_.read_until_close();
      std::istringstream text(co_await child.stdout_.read_until_close());
      Outcome outcome;
      outcome.log = co_await log;
      outcome.code = co_await child.wait_for_exit(false);
      for (std::string line; std::getline(text, line);) outcome.lines.push_back(line);
      std::sort(outcome.lines.begin(), outcome.lines.end());
      co_return outcome;
    });
  }
  static int count(const std::string& text, const std::string& part) {
    int found = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
  }

  // Returns the process that answers at `port`, or 0 if none does.
  int ask(std::uint16_t port) {
    return run(loop, [port]() -> Future<int> {
      try {
        const tcpclient::TCPClient client;
        auto connecting = client.connect("127.0.0.1", port);
        const iostream::IOStream stream = co_await connecting;
        co_return std::stoi(co_await stream.read_until("\n"));
      } catch (const iostream::StreamClosedError&) {
        co_return 0;
      }
    });
  }
  // Returns the two processes that accept from one socket: one is stopped while the other answers.
  std::set<int> both_workers(std::uint16_t port) {
    const int first = ask(port);
    ::kill(first, SIGSTOP);
    const int second = ask(port);
    ::kill(first, SIGCONT);
    EXPECT_NE(first, second);
    return {first, second};
  }
  // Returns the next lines that the program and its children write, sorted.
  std::vector<std::string> lines_of(const Subprocess& child, int count) {
    std::vector<std::string> lines;
    for (int i = 0; i < count; ++i) {
      std::string line = run(loop, [&] { return child.stdout_.read_until("\n"); });
      line.pop_back();
      lines.push_back(std::move(line));
    }
    std::sort(lines.begin(), lines.end());
    return lines;
  }
  std::uint16_t first_line(const Subprocess& child) {
    const auto line = run(loop, [&] { return child.stdout_.read_until("\n"); });
    return static_cast<std::uint16_t>(std::stoi(line));
  }

  ioloop::IOLoop loop;
};

// PR-01 PR-02
TEST_F(ForkTest, children_know_their_number_and_end_well) {
  const Outcome outcome = outcome_of({"clean", "3"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.lines, (std::vector<std::string>{"task 0/0 resolved", "task 1/1 resolved",
                                                     "task 2/2 resolved"}));
  EXPECT_EQ(process::task_id(), std::nullopt);
}

// PR-01
TEST_F(ForkTest, as_many_as_processors) {
  EXPECT_GE(process::cpu_count(), 1);
  const Outcome outcome = outcome_of({"clean", "0"});
  EXPECT_EQ(outcome.lines.size(), static_cast<std::size_t>(process::cpu_count()));
}

// PR-01
TEST_F(ForkTest, too_many_restarts) {
  const Outcome outcome = outcome_of({"crash", "2", "5"});
  EXPECT_EQ(outcome.code, 7);
  EXPECT_EQ(outcome.lines, std::vector<std::string>{"Too many child restarts, giving up"});
  EXPECT_EQ(count(outcome.log, "exited with status 3, restarting"), 6) << outcome.log;
}

// PR-01
TEST_F(ForkTest, a_killed_child_is_started_anew_with_its_number) {
  const Outcome outcome = outcome_of({"killed"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.lines, (std::vector<std::string>{"task 0", "task 1"}));
  EXPECT_EQ(count(outcome.log, "killed by signal 9, restarting"), 1) << outcome.log;
}

TEST_F(ForkTest, a_crash_loop_is_given_up_after_five_failures_of_one_child) {
  const Outcome outcome = outcome_of({"crash", "1", "100"});
  EXPECT_EQ(outcome.code, 7);
  const std::string reason =
      "child 0 failed 5 times in a row within a second of its start, giving up";
  EXPECT_EQ(outcome.lines, std::vector<std::string>{reason});
  EXPECT_EQ(count(outcome.log, "exited with status 3, restarting"), 5) << outcome.log;
  EXPECT_EQ(count(outcome.log, "fork_processes: " + reason), 1) << outcome.log;
}

TEST_F(ForkTest, signals_are_passed_on_and_the_parent_ends_as_its_children_do) {
  for (const int signal : {SIGTERM, SIGINT}) {
    for (const std::string status : {"0", "4"}) {
      const Subprocess parent = start({"until_term", "2", status});
      EXPECT_EQ(lines_of(parent, 2), (std::vector<std::string>{"runs", "runs"}));
      parent.send_signal(signal);
      const auto rest = run(loop, [&] { return parent.stdout_.read_until_close(); });
      const auto log = run(loop, [&] { return parent.stderr_.read_until_close(); });
      const int code = run(loop, [&] { return parent.wait_for_exit(false); });
      EXPECT_EQ(count(log, "restarting"), 0) << log;
      // The children have a handler for SIGTERM only.
      EXPECT_EQ(rest, signal == SIGTERM ? "ended\nended\n" : "");
      EXPECT_EQ(code, signal == SIGTERM ? std::stoi(status) : -SIGINT);
    }
  }
}

TEST_F(ForkTest, killing_the_parent_leaves_no_child_not_even_one_that_ignores_sigterm) {
  const Subprocess parent = start({"stubborn", "2"});
  const auto pids = lines_of(parent, 2);
  parent.kill();
  EXPECT_EQ(run(loop, [&] { return parent.wait_for_exit(false); }), -SIGKILL);
  // Their ends of the pipes close when they end.
  EXPECT_EQ(run(loop, [&] { return parent.stdout_.read_until_close(); }), "");
  for (const std::string& pid : pids) {
    run_until(loop, [&] { return ::kill(std::stoi(pid), 0) < 0; });
  }
}

TEST_F(ForkTest, sighup_stops_at_a_new_child_that_fails) {
  const Subprocess parent = start({"third_ends", "3"});
  EXPECT_EQ(lines_of(parent, 2).size(), 2U);
  parent.send_signal(SIGHUP);
  // The first new child takes the third token and fails; so another one takes its place.
  EXPECT_EQ(lines_of(parent, 1), std::vector<std::string>{"task 0 token 4"});
  parent.terminate();
  const auto rest = run(loop, [&] { return parent.stdout_.read_until_close(); });
  const auto log = run(loop, [&] { return parent.stderr_.read_until_close(); });
  EXPECT_EQ(rest, "");
  EXPECT_EQ(count(log, "The other children are not restarted"), 1) << log;
  EXPECT_EQ(run(loop, [&] { return parent.wait_for_exit(false); }), -SIGTERM);
}

TEST_F(ForkTest, sighup_goes_on_after_a_new_child_that_ends_well) {
  const Subprocess parent = start({"third_ends", "0"});
  EXPECT_EQ(lines_of(parent, 2).size(), 2U);
  parent.send_signal(SIGHUP);
  EXPECT_EQ(lines_of(parent, 1), std::vector<std::string>{"task 1 token 4"});
  parent.terminate();
  EXPECT_EQ(run(loop, [&] { return parent.wait_for_exit(false); }), -SIGTERM);
}

TEST_F(ForkTest, a_fork_that_fails_at_a_restart_is_tried_again) {
  const Outcome outcome = outcome_of({"killed_when_full"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.lines, (std::vector<std::string>{"task 0", "task 1"}));
  EXPECT_EQ(count(outcome.log, "cannot be restarted yet: fork: "), 1) << outcome.log;
}

TEST_F(ForkTest, a_child_that_crashes_at_the_end_is_no_clean_end) {
  const Subprocess parent = start({"crash_at_term"});
  EXPECT_EQ(lines_of(parent, 2).size(), 2U);
  parent.terminate();
  EXPECT_EQ(run(loop, [&] { return parent.wait_for_exit(false); }), 1);
}

// PR-01
TEST_F(ForkTest, not_where_children_would_share_a_loop_or_lack_a_thread) {
  const auto with_loop = outcome_of({"with_loop"});
  EXPECT_EQ(with_loop.code, 0);
  EXPECT_EQ(with_loop.lines,
            std::vector<std::string>{"fork_processes: cannot run in several "
                                     "processes: an IOLoop has been made already"});
  const auto with_thread = outcome_of({"with_thread"});
  EXPECT_EQ(with_thread.lines, std::vector<std::string>{"fork_processes: there are other threads, "
                                                        "which a fork does not copy"});
  const auto in_child = outcome_of({"in_child"});
  EXPECT_EQ(in_child.lines,
            std::vector<std::string>{"fork_processes: this is one of its children"});
}

TEST_F(ForkTest, a_loop_from_before_a_fork_is_refused_and_stays_whole_for_the_parent) {
  const Outcome outcome = outcome_of({"under_loop"});
  EXPECT_EQ(outcome.code, 0) << outcome.log;
  EXPECT_EQ(outcome.lines,
            (std::vector<std::string>{
                "the child's own loop runs", "the parent's loop hears",
                "this IOLoop was made before a fork; make loops in the new process"}));
}

// TCP-03
TEST_F(ForkTest, children_accept_from_shared_sockets_and_are_replaced) {
  const Subprocess server = start({"serve_shared", "2"});
  const std::uint16_t port = first_line(server);
  const std::set<int> before = both_workers(port);
  EXPECT_FALSE(before.contains(server.pid()));
  ::kill(*before.begin(), SIGKILL);
  run_until(loop, [&] { return ::kill(*before.begin(), 0) < 0; });
  const std::set<int> after = both_workers(port);
  EXPECT_FALSE(after.contains(*before.begin()));
  EXPECT_TRUE(after.contains(*before.rbegin()));
  // The children end with their parent, which frees the port.
  server.terminate();
  EXPECT_EQ(run(loop, [&] { return server.wait_for_exit(false); }), -SIGTERM);
  run_until(loop, [&] {
    return std::all_of(after.begin(), after.end(), [](int pid) { return ::kill(pid, 0) < 0; });
  });
  EXPECT_EQ(ask(port), 0);
}

TEST_F(ForkTest, children_with_sockets_of_their_own_share_a_port) {
  const Subprocess server = start({"serve_reuse_port", "2"});
  const std::uint16_t port = first_line(server);
  EXPECT_EQ(first_line(server), port);
  // The kernel chooses by the client's port: 200 equal choices in a row are out of the question.
  std::set<int> pids;
  for (int tries = 0; tries < 200 && pids.size() < 2; ++tries) pids.insert(ask(port));
  EXPECT_EQ(pids.size(), 2U);
  server.terminate();
  EXPECT_EQ(run(loop, [&] { return server.wait_for_exit(false); }), -SIGTERM);
}

}  // namespace
}  // namespace tornado
