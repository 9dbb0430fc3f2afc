#include <signal.h>

#include <thread>

#include "loop_test_util.h"

namespace tornado {
namespace {

using ioloop::IOLoop;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using ::testing::UnorderedElementsAre;

class Signals : public ::testing::TestWithParam<std::string> {
 protected:
  Signals() {
    options.poller = GetParam();
    loop.emplace(options);
  }
  ioloop::IOLoopOptions options;
  std::optional<IOLoop> loop;
};

INSTANTIATE_TEST_SUITE_P(Pollers, Signals, test::pollers(),
                         [](const auto& poller) { return poller.param; });

std::vector<int> called;

void note(void* argument) {
  called.push_back(*static_cast<int*>(argument));
}

// IOL-31
TEST_P(Signals, the_callback_runs_on_the_loop) {
  std::vector<int> seen;
  loop->add_signal_handler(SIGUSR1, [&](int signal) {
    seen.push_back(signal);
    loop->stop();
  });
  loop->add_callback([&] {
    ::raise(SIGUSR1);
    EXPECT_TRUE(seen.empty());
  });
  loop->start();
  EXPECT_THAT(seen, ElementsAre(SIGUSR1));
}

// IOL-31
TEST_P(Signals, a_signal_to_another_thread_wakes_the_sleeping_loop) {
  int seen = 0;
  loop->add_signal_handler(SIGUSR1, [&](int) {
    ++seen;
    loop->stop();
  });
  std::thread other([&] {
    while (!loop->running()) std::this_thread::yield();
    ::pthread_kill(::pthread_self(), SIGUSR1);
  });
  loop->start();
  other.join();
  EXPECT_EQ(seen, 1);
}

// IOL-31
TEST_P(Signals, a_coroutine_keeps_its_captures_and_failures_are_logged) {
  test::Logged logged;
  auto token = std::make_shared<std::string>("captured");
  std::string seen;
  loop->add_signal_handler(SIGUSR1, [&, token](int) -> Future<void> {
    loop->remove_signal_handler(SIGUSR1);
    co_await gen::moment;
    seen = *token;
    loop->stop();
    throw std::runtime_error("signal");
  });
  ::raise(SIGUSR1);
  loop->start();
  EXPECT_EQ(seen, "captured");
  loop.reset();
  EXPECT_EQ(token.use_count(), 1);
  EXPECT_THAT(logged.lines(), ElementsAre("tornado.application: Exception in callback: "
                                          "std::runtime_error: signal"));
}

// IOL-31
TEST_P(Signals, a_later_handler_replaces_the_earlier_one) {
  int first = 0;
  int second = 0;
  loop->add_signal_handler(SIGUSR1, [&](int) { ++first; });
  loop->add_signal_handler(SIGUSR1, [&](int) {
    ++second;
    loop->stop();
  });
  ::raise(SIGUSR1);
  loop->start();
  EXPECT_EQ(first, 0);
  EXPECT_EQ(second, 1);
}

// IOL-31
TEST_P(Signals, one_removed_in_its_own_batch_does_not_run) {
  int calls = 0;
  const auto handler = [&](int signal) {
    ++calls;
    loop->remove_signal_handler(signal == SIGUSR1 ? SIGUSR2 : SIGUSR1);
    loop->stop();
  };
  const auto before = ::signal(SIGUSR2, SIG_IGN);
  loop->add_signal_handler(SIGUSR1, handler);
  loop->add_signal_handler(SIGUSR2, handler);
  ::raise(SIGUSR1);
  ::raise(SIGUSR2);
  loop->start();
  EXPECT_EQ(calls, 1);
  loop.reset();
  ::signal(SIGUSR2, before);
}

// IOL-31
TEST_P(Signals, remove_and_close_restore_what_was_there) {
  const auto present = [] {
    struct sigaction now{};
    ::sigaction(SIGUSR1, nullptr, &now);
    return now.sa_handler;
  };
  ::signal(SIGUSR1, SIG_IGN);
  loop->add_signal_handler(SIGUSR1, [](int) {});
  EXPECT_NE(present(), SIG_IGN);
  loop->remove_signal_handler(SIGUSR1);
  EXPECT_EQ(present(), SIG_IGN);
  loop->remove_signal_handler(SIGUSR1);
  loop->add_signal_handler(SIGUSR1, [](int) {});
  loop->close();
  EXPECT_EQ(present(), SIG_IGN);
  ::signal(SIGUSR1, SIG_DFL);
}

// IOL-31
TEST_P(Signals, what_cannot_be_is_refused) {
  const auto nothing = [](int) {};
  EXPECT_THROW(loop->add_signal_handler(0, nothing), std::invalid_argument);
  EXPECT_THAT([&] { loop->add_signal_handler(1000, nothing); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("unknown signal 1000")));
  EXPECT_THROW(loop->add_signal_handler(SIGKILL, nothing), std::system_error);
  loop->add_signal_handler(SIGUSR1, nothing);
  IOLoop other(options);
  EXPECT_THROW(other.add_signal_handler(SIGUSR1, nothing), std::logic_error);
  loop->remove_signal_handler(SIGUSR1);
  other.add_signal_handler(SIGUSR1, nothing);
}

// IOL-14
TEST_P(Signals, calls_left_from_a_signal_handler_run_on_the_loop) {
  called.clear();
  int numbers[] = {1, 2, 3};
  for (int& number : numbers) EXPECT_TRUE(loop->add_callback_from_signal(&note, &number));
  EXPECT_TRUE(called.empty());
  const auto stop = [](void* argument) { static_cast<IOLoop*>(argument)->stop(); };
  loop->add_callback_from_signal(stop, &*loop);
  loop->start();
  EXPECT_THAT(called, UnorderedElementsAre(1, 2, 3));
}

// IOL-14
TEST_P(Signals, no_more_than_kSignalSlots_and_a_failing_one_does_not_lose_the_others) {
  test::Logged logged;
  called.clear();
  int number = 7;
  const auto fail = [](void*) { throw std::runtime_error("left"); };
  EXPECT_TRUE(loop->add_callback_from_signal(fail, nullptr));
  for (std::size_t i = 1; i < IOLoop::kSignalSlots; ++i) {
    EXPECT_TRUE(loop->add_callback_from_signal(&note, &number));
  }
  EXPECT_FALSE(loop->add_callback_from_signal(&note, &number));
  loop->add_callback([&] { loop->stop(); });
  loop->start();
  EXPECT_EQ(called.size(), IOLoop::kSignalSlots - 1);
  EXPECT_EQ(logged.lines().size(), 1U);
  EXPECT_TRUE(loop->add_callback_from_signal(&note, &number));
}

TEST(SigPipe, a_write_to_a_peer_that_left_does_not_kill) {
  IOLoop loop;
  test::Pipe pipe;
  ::close(std::exchange(pipe.read_end, -1));
  EXPECT_EQ(::write(pipe.write_end, "x", 1), -1);
  EXPECT_EQ(errno, EPIPE);
}

}  // namespace
}  // namespace tornado
