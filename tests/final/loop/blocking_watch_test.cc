// The watch for callbacks that block: IOL-26.
#include <dlfcn.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cmath>
#include <limits>
#include <thread>

#include "loop_test_util.h"

namespace tornado {
namespace {

using ioloop::IOLoop;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

// Long enough that nothing blocks this long by accident, and short enough to wait for.
constexpr double kSoon = 0.05;
constexpr double kNever = 1000;

std::atomic<int> fired = 0;
std::atomic<int> fired_signal = 0;
std::atomic<pid_t> fired_on = 0;

void note(int signal) {
  fired_signal = signal;
  fired_on = ::gettid();
  ++fired;
}

// Blocks, as a callback does that computes, until the watch has fired `count` times.
void block_until(int count) {
  while (fired < count) {
  }
}

class BlockingWatch : public ::testing::Test {
 protected:
  BlockingWatch() { fired = 0; }
  ~BlockingWatch() override {
    struct sigaction now{};
    loop.close();
    ::sigaction(SIGALRM, nullptr, &now);
    EXPECT_EQ(now.sa_handler, SIG_DFL) << "SIGALRM was given back";
  }

  void run(int iterations) {
    for (int i = 0; i < iterations; ++i) {
      loop.add_callback([this] { loop.stop(); });
      loop.start();
    }
  }

  IOLoop loop;
};

// IOL-26
TEST_F(BlockingWatch, an_action_is_called_once_an_iteration_that_blocks) {
  loop.set_blocking_signal_threshold(kSoon, &note);
  loop.add_callback([&] {
    block_until(1);
    const double until = loop.time() + 3 * kSoon;
    while (loop.time() < until) {
    }
    EXPECT_EQ(fired, 1) << "once an iteration";
  });
  run(1);
  loop.add_callback([] { block_until(2); });
  run(1);
  EXPECT_GE(fired, 2) << "and in the next again";
  EXPECT_EQ(fired_signal, SIGALRM);
  EXPECT_EQ(fired_on, ::gettid());
}

// IOL-26
TEST_F(BlockingWatch, set_by_a_callback_it_counts_at_once) {
  loop.add_callback([&] {
    loop.set_blocking_signal_threshold(kSoon, &note);
    block_until(1);
  });
  run(1);
  EXPECT_GE(fired, 1);
}

// Events and timers are watched as callbacks are.
// IOL-26
TEST_F(BlockingWatch, timers_and_handlers_are_watched) {
  loop.set_blocking_signal_threshold(kSoon, &note);
  loop.call_later(0, [] { block_until(1); });
  test::Pipe pipe;
  loop.add_handler(
      pipe.read_end,
      [&](int fd, std::uint32_t) {
        loop.remove_handler(fd);
        block_until(2);
        loop.stop();
      },
      IOLoop::READ);
  pipe.fill();
  loop.start();
  EXPECT_GE(fired, 2);
}

// IOL-26
TEST_F(BlockingWatch, two_loops_two_threads_two_thresholds) {
  loop.set_blocking_signal_threshold(kNever, &note);
  pid_t there = 0;
  std::thread other([&] {
    IOLoop own;
    there = ::gettid();
    own.set_blocking_signal_threshold(kSoon, &note);
    own.add_callback([&] {
      block_until(1);
      own.stop();
    });
    own.start();
  });
  loop.add_callback([] { block_until(1); });
  run(1);
  other.join();
  EXPECT_EQ(fired_on, there);
}

// IOL-26
TEST_F(BlockingWatch, zero_takes_it_away) {
  struct sigaction now{};
  loop.set_blocking_signal_threshold(kSoon, &note);
  ::sigaction(SIGALRM, nullptr, &now);
  EXPECT_NE(now.sa_handler, SIG_DFL);
  loop.set_blocking_signal_threshold(0, &note);
  ::sigaction(SIGALRM, nullptr, &now);
  EXPECT_EQ(now.sa_handler, SIG_DFL);
  run(3);
}

// IOL-26
TEST_F(BlockingWatch, a_threshold_is_a_number_of_seconds) {
  const auto refused = [this](double seconds, const char* shown) {
    EXPECT_THAT([&] { loop.set_blocking_signal_threshold(seconds, &note); },
                ThrowsMessage<std::invalid_argument>(HasSubstr(shown)));
  };
  refused(-1, "is -1 s");
  refused(1e10, "is 1e+10 s");
  refused(std::numeric_limits<double>::quiet_NaN(), "is nan s");
}

// A SIGALRM from another timer, or from alarm(), does not concern the watch.
TEST_F(BlockingWatch, a_stray_signal_is_not_a_sign_of_blocking) {
  loop.set_blocking_signal_threshold(kNever, &note);
  loop.add_callback([] { ::raise(SIGALRM); });
  run(1);
  EXPECT_EQ(fired, 0);
}

// IOL-26
TEST_F(BlockingWatch, the_stack_is_written_to_standard_error) {
  loop.set_blocking_log_threshold(kSoon);
  testing::internal::CaptureStderr();
  timespec rest{};
  loop.add_callback([&] {
    const timespec minute = {60, 0};
    EXPECT_EQ(::nanosleep(&minute, &rest), -1);
    EXPECT_EQ(errno, EINTR);
  });
  run(1);
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(said.starts_with("IOLoop blocked for 0.05 seconds in\n")) << said;
  EXPECT_NE(said.find("nanosleep"), std::string::npos) << said;
  EXPECT_GT(rest.tv_sec, 0);
}

// IOL-26
TEST_F(BlockingWatch, log_stack_anywhere) {
  testing::internal::CaptureStderr();
  IOLoop::log_stack(0);
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(said.starts_with("The stack of this thread:\n")) << said;
  EXPECT_NE(said.find("blocking_watch_test"), std::string::npos) << said;
}

// IOL-26
TEST_F(BlockingWatch, log_stack_in_a_signal_handler_leaves_errno_alone) {
  const int standard_error = ::dup(STDERR_FILENO);
  ::close(STDERR_FILENO);  // its write fails
  errno = EAGAIN;
  IOLoop::log_stack(0);
  EXPECT_EQ(errno, EAGAIN);
  ::dup2(standard_error, STDERR_FILENO);
  ::close(standard_error);
}

using BlockingWatchDeathTest = BlockingWatch;

// IOL-26
TEST_F(BlockingWatchDeathTest, without_an_action_the_process_is_killed) {
  const auto block = [this] {
    loop.set_blocking_signal_threshold(kSoon, nullptr);
    loop.add_callback([] { block_until(1); });
    loop.start();
  };
  EXPECT_EXIT(block(), ::testing::KilledBySignal(SIGALRM), "");
}

}  // namespace

// ---- the poller's time does not count -----------------------------------------------------------

namespace {
std::vector<bool> timer_calls;  // true: armed
bool noting = false;
}  // namespace

// Found before the C library's: the library's calls of timer_settime come here.
extern "C" int timer_settime(timer_t timer, int flags, const itimerspec* value,
                             itimerspec* old) noexcept {
  static const auto next =
      reinterpret_cast<decltype(&timer_settime)>(::dlsym(RTLD_NEXT, "timer_settime"));
  if (noting) timer_calls.push_back(value->it_value.tv_sec > 0);
  return next(timer, flags, value, old);
}

namespace {

// IOL-26
TEST(BlockingWatchTimer, it_does_not_run_while_the_loop_waits) {
  IOLoop loop;
  loop.set_blocking_signal_threshold(kNever, &note);
  timer_calls.clear();
  noting = true;
  loop.add_callback([&] {
    EXPECT_THAT(timer_calls, ::testing::ElementsAre(true)) << "from the start";
    loop.add_callback([&] {
      EXPECT_THAT(timer_calls, ::testing::ElementsAre(true, false, true)) << "around the poller";
      loop.stop();
    });
  });
  loop.start();
  noting = false;
  ASSERT_FALSE(timer_calls.empty());
  EXPECT_FALSE(timer_calls.back()) << "and not after the end";
}

}  // namespace
}  // namespace tornado
