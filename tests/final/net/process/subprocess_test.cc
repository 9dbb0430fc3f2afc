// Programs run as children.
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <tornado/process.h>
#include <unistd.h>

#include <cstdarg>
#include <sstream>
#include <thread>

#include "../../base/temporary_folder.h"
#include "../net_test_tools.h"

// Makes a child end before anybody can watch it. Found before the C library's: the library's calls
// come here. A call with fewer arguments passes on what its registers contain.
static bool watch_too_late = false;
extern "C" long syscall(long number, ...) noexcept {
  std::va_list list;
  va_start(list, number);
  long arguments[6];
  for (long& argument : arguments) argument = va_arg(list, long);
  va_end(list);
  while (watch_too_late && number == SYS_pidfd_open &&
         ::kill(static_cast<pid_t>(arguments[0]), 0) == 0) {
    std::this_thread::yield();
  }
  static const auto next = reinterpret_cast<decltype(&syscall)>(::dlsym(RTLD_NEXT, "syscall"));
  return next(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4],
              arguments[5]);
}

namespace tornado {
namespace {

using process::Subprocess;
using process::SubprocessOptions;
using test::run;
using test::run_until;

SubprocessOptions with_output() {
  SubprocessOptions options;
  options.stdout_ = process::STREAM;
  return options;
}

Subprocess shell(const std::string& script, const SubprocessOptions& options = {}) {
  return Subprocess({"sh", "-c", script}, options);
}

class SubprocessTest : public ::testing::Test {
 protected:
  ~SubprocessTest() override {
    EXPECT_EQ(test::open_descriptors(), descriptors_);
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child is left, dead or alive";
    EXPECT_EQ(errno, ECHILD);
  }
  // Returns everything the child writes, and its exit code.
  std::pair<std::string, int> output_of(const Subprocess& child) {
    return run(loop, [child]() -> Future<std::pair<std::string, int>> {
      std::string all = co_await child.stdout_.read_until_close();
      const int code = co_await child.wait_for_exit(false);
      co_return std::pair(std::move(all), code);
    });
  }

  const int descriptors_ = test::open_descriptors();
  ioloop::IOLoop loop;
};

// PR-03
TEST_F(SubprocessTest, output_and_exit_code) {
  const auto [text, code] = output_of(shell("echo one; echo two; exit 3", with_output()));
  EXPECT_EQ(text, "one\ntwo\n");
  EXPECT_EQ(code, 3);
}

// PR-03
TEST_F(SubprocessTest, ten_megabytes_both_ways) {
  auto options = with_output();
  options.stdin_ = process::STREAM;
  const Subprocess child({"cat"}, options);
  const std::string data(10'000'000, 'p');
  run(loop, [&]() -> Future<void> {
    const auto back = child.stdout_.read_until_close();
    co_await child.stdin_.write(data);
    child.stdin_.close();
    EXPECT_TRUE(co_await back == data);
    EXPECT_EQ(co_await child.wait_for_exit(), 0);
  });
}

// PR-03
TEST_F(SubprocessTest, wait_for_exit_throws_unless_asked_not_to) {
  const Subprocess child = shell("exit 7");
  run(loop, [&]() -> Future<void> {
    try {
      co_await child.wait_for_exit();
      ADD_FAILURE();
    } catch (const process::CalledProcessError& error) {
      EXPECT_EQ(error.returncode, 7);
      EXPECT_EQ(error.args, (std::vector<std::string>{"sh", "-c", "exit 7"}));
      EXPECT_STREQ(error.what(), "Command 'sh' returned non-zero exit status 7");
    }
    EXPECT_EQ(co_await child.wait_for_exit(false), 7);  // also when it ended long ago
  });
  EXPECT_EQ(child.returncode(), 7);
}

// PR-03
TEST_F(SubprocessTest, exit_callbacks) {
  const Subprocess child = shell("exit 4");
  std::vector<int> codes;
  child.set_exit_callback([&](int code) { codes.push_back(code); });
  child.set_exit_callback([&](int code) -> Future<void> {
    co_await gen::moment;
    codes.push_back(code);
  });
  EXPECT_FALSE(child.returncode().has_value());
  run_until(loop, [&] { return codes.size() == 2; });
  child.set_exit_callback([&](int code) { codes.push_back(code); });
  EXPECT_EQ(codes.size(), 2U);  // never inside the call
  run_until(loop, [&] { return codes.size() == 3; });
  EXPECT_EQ(codes, (std::vector<int>{4, 4, 4}));
}

// PR-03
TEST_F(SubprocessTest, a_signal_is_a_negative_code) {
  const Subprocess sleeper({"sleep", "1000"});
  EXPECT_GT(sleeper.pid(), 0);
  sleeper.terminate();
  EXPECT_EQ(run(loop, [&] { return sleeper.wait_for_exit(false); }), -SIGTERM);
  sleeper.kill();  // ended long ago: no process is hit
  const Subprocess other({"sleep", "1000"});
  other.kill();
  try {
    run(loop, [&] { return other.wait_for_exit(); });
    ADD_FAILURE();
  } catch (const process::CalledProcessError& error) {
    EXPECT_STREQ(error.what(), "Command 'sleep' died with signal 9 (Killed)");
  }
}

TEST_F(SubprocessTest, what_cannot_be_run_says_why) {
  const auto error_of = [](std::vector<std::string> args, const SubprocessOptions& options = {}) {
    try {
      Subprocess(std::move(args), options);
    } catch (const std::system_error& error) {
      return std::string(error.what());
    }
    return std::string("it ran");
  };
  EXPECT_EQ(error_of({"no-such-program"}),
            "cannot run 'no-such-program': No such file or directory");
  EXPECT_EQ(error_of({"/etc/passwd"}), "cannot run '/etc/passwd': Permission denied");
  SubprocessOptions options = with_output();
  options.cwd = "/no/such/folder";
  EXPECT_EQ(error_of({"true"}, options),
            "cannot run 'true' in '/no/such/folder': No such file or directory");
  EXPECT_THROW(Subprocess(std::vector<std::string>()), std::invalid_argument);
  EXPECT_THROW(Subprocess({std::string("a\0b", 3)}), std::invalid_argument);
  EXPECT_THROW(Subprocess().pid(), std::logic_error);
}

TEST_F(SubprocessTest, a_child_that_does_not_read_its_input) {
  SubprocessOptions options;
  options.stdin_ = process::STREAM;
  const Subprocess child({"true"}, options);
  const auto written = child.stdin_.write(std::string(1'000'000, 'x'));
  run(loop, [&]() -> Future<void> {
    EXPECT_EQ(co_await child.wait_for_exit(), 0);
    co_await gen::detail::settled(written);
  });
  EXPECT_TRUE(test::holds<iostream::StreamClosedError>(written.exception()));
}

TEST_F(SubprocessTest, many_at_a_time) {
  std::vector<Future<int>> codes;
  for (int i = 0; i < 100; ++i) {
    codes.push_back(shell("exit " + std::to_string(i)).wait_for_exit(false));
  }
  const auto all = run(loop, [&] { return gen::multi(codes); });
  for (int i = 0; i < 100; ++i) EXPECT_EQ(all[static_cast<std::size_t>(i)], i);
}

TEST_F(SubprocessTest, a_child_without_handles_is_reaped) {
  int pid = 0;
  {
    const Subprocess child({"true"});
    pid = child.pid();
  }
  run_until(loop, [&] { return ::kill(pid, 0) < 0; });  // a zombie would still be there
  EXPECT_EQ(errno, ESRCH);
}

TEST_F(SubprocessTest, streams_of_errors_and_of_both) {
  SubprocessOptions options = with_output();
  options.stderr_ = process::STREAM;
  const Subprocess apart = shell("echo out; echo err >&2", options);
  run(loop, [&]() -> Future<void> {
    EXPECT_EQ(co_await apart.stdout_.read_until_close(), "out\n");
    EXPECT_EQ(co_await apart.stderr_.read_until_close(), "err\n");
    co_await apart.wait_for_exit();
  });
  options.stderr_ = process::STDOUT;
  const auto [both, code] = output_of(shell("echo out; echo err >&2", options));
  EXPECT_EQ(both, "out\nerr\n");
  options.stdout_ = process::STDOUT;
  EXPECT_THROW(shell("true", options), std::invalid_argument);
}

TEST_F(SubprocessTest, nowhere_and_a_file) {
  SubprocessOptions options = with_output();
  options.stdin_ = process::DEVNULL;
  EXPECT_EQ(output_of(shell("cat; echo end", options)).first, "end\n");
  const ::tornado::testing::TemporaryFolder folder;
  const std::string path = folder.path() + "/out";
  {
    const netutil::Socket file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    options.stdout_ = file.fileno();
    const Subprocess child = shell("echo kept", options);
    EXPECT_FALSE(child.stdout_);
    run(loop, [&] { return child.wait_for_exit(); });
    EXPECT_GE(::fcntl(file.fileno(), F_GETFD), 0);  // still ours
  }
  EXPECT_EQ(::tornado::testing::contents_of(path), "kept\n");
}

TEST_F(SubprocessTest, folder_and_environment) {
  SubprocessOptions options = with_output();
  options.cwd = "/";
  EXPECT_EQ(output_of(Subprocess({"pwd"}, options)).first, "/\n");
  options.env = {{"ONE", "1"}, {"TWO", "two words"}};
  EXPECT_EQ(output_of(Subprocess({"/usr/bin/env"}, options)).first, "ONE=1\nTWO=two words\n");
  options.env = {{"BAD=NAME", ""}};
  EXPECT_THROW(Subprocess({"/usr/bin/env"}, options), std::invalid_argument);
}

TEST_F(SubprocessTest, the_child_gets_three_descriptors_and_its_signals_back) {
  const netutil::Socket inheritable(::dup(STDERR_FILENO));
  // ls has one more, for the folder that it reads.
  EXPECT_EQ(output_of(Subprocess({"ls", "/proc/self/fd"}, with_output())).first, "0\n1\n2\n3\n");
  const std::string status =
      output_of(Subprocess({"grep", "SigIgn", "/proc/self/status"}, with_output())).first;
  const auto ignored = std::stoull(status.substr(status.find_first_of("0123456789")), nullptr, 16);
  EXPECT_EQ(ignored >> (SIGPIPE - 1) & 1U, 0U) << status;
}

TEST_F(SubprocessTest, a_session_of_its_own) {
  SubprocessOptions options = with_output();
  options.start_new_session = true;
  const Subprocess child({"cat", "/proc/self/stat"}, options);
  const int pid = child.pid();
  const std::string stat = output_of(child).first;
  // "pid (name) state ppid pgrp session ..."
  std::istringstream fields(stat.substr(stat.rfind(')') + 2));
  std::string state;
  int parent = 0;
  int group = 0;
  int session = 0;
  fields >> state >> parent >> group >> session;
  EXPECT_EQ(session, pid);
}

TEST_F(SubprocessTest, children_of_a_program_that_ignores_SIGCHLD) {
  struct Ignored {
    Ignored() = default;
    Ignored(const Ignored&) = delete;
    Ignored& operator=(const Ignored&) = delete;
    ~Ignored() {
      watch_too_late = false;
      ::signal(SIGCHLD, before);
    }
    const sighandler_t before = ::signal(SIGCHLD, SIG_IGN);
  } const ignored;
  for (int i = 0; i < 50; ++i) {
    watch_too_late = i % 2 == 1;
    const Subprocess child({"true"});
    EXPECT_EQ(run(loop, [&] { return child.wait_for_exit(); }), 0);
    child.kill();  // must not hit another process
  }
}

TEST(SubprocessLoop, a_child_outlives_its_loop_and_is_reaped_later) {
  int pid = 0;
  {
    ioloop::IOLoop loop;
    const Subprocess child({"sleep", "1000"});
    pid = child.pid();
    const auto never = child.wait_for_exit();
    loop.close();
    EXPECT_FALSE(never.done());
    child.kill();  // its descriptor went with the loop: does nothing
  }
  EXPECT_EQ(::kill(pid, SIGKILL), 0);
  siginfo_t info{};
  EXPECT_EQ(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT),
            0);  // it is dead now
  ioloop::IOLoop loop;
  const Subprocess next({"true"});
  EXPECT_EQ(::kill(pid, 0), -1);
  loop.run_sync([&] { return next.wait_for_exit(); }, test::kPatience);
}

}  // namespace
}  // namespace tornado
