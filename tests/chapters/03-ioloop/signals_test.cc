#include "03-ioloop/signals.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <csignal>
#include <stdexcept>
#include <string>
#include <vector>

#include "03-ioloop/ioloop.h"

namespace mini {
namespace {

bool is_blocked(int signal_number) {
  sigset_t now;
  pthread_sigmask(SIG_SETMASK, nullptr, &now);
  return sigismember(&now, signal_number) == 1;
}

// Sends it to this thread, as kill would in a process with one thread.
void send(int signal_number) {
  pthread_kill(pthread_self(), signal_number);
}

TEST(Signals, a_signal_is_something_to_read) {
  Signals signals;
  signals.watch(SIGUSR1);
  signals.watch(SIGUSR2);
  EXPECT_EQ(signals.read(), std::vector<int>{});
  send(SIGUSR1);
  EXPECT_EQ(signals.read(), std::vector<int>{SIGUSR1});
  EXPECT_EQ(signals.read(), std::vector<int>{});
}

TEST(Signals, two_of_a_kind_count_as_one) {
  Signals signals;
  signals.watch(SIGUSR1);
  send(SIGUSR1);
  send(SIGUSR1);
  EXPECT_EQ(signals.read(), std::vector<int>{SIGUSR1});
}

TEST(Signals, the_destructor_restores_the_signal_mask) {
  {
    Signals signals;
    signals.watch(SIGUSR1);
    EXPECT_TRUE(is_blocked(SIGUSR1));
    send(SIGUSR1);  // never read: must not end the process now
  }
  EXPECT_FALSE(is_blocked(SIGUSR1));
}

TEST(Signals, one_that_nobody_can_catch_is_refused) {
  Signals signals;
  EXPECT_THROW(signals.watch(SIGKILL), std::invalid_argument);
  EXPECT_THROW(signals.watch(SIGSTOP), std::invalid_argument);
  EXPECT_THROW(signals.watch(12345), std::invalid_argument);
}

TEST(IOLoop, a_signal_handler_is_a_callback_like_others) {
  IOLoop loop;
  std::string order;
  loop.add_signal_handler(SIGUSR2, [&] { order += 'x'; });
  loop.add_signal_handler(SIGUSR1, [&] {
    order +=
        std::to_string(order.size());  // may allocate, lock and print: it has interrupted nothing
    loop.stop();
  });
  loop.add_signal_handler(SIGUSR2, [&] { order += "two"; });  // replaces the first
  send(SIGUSR2);
  send(SIGUSR1);
  loop.start();
  EXPECT_EQ(order.size(), 4u);
  EXPECT_NE(order.find("two"), order.npos);
}

TEST(IOLoop, signals_come_again_and_again) {
  IOLoop loop;
  int calls = 0;
  loop.add_signal_handler(SIGUSR1, [&] {
    if (++calls == 3) return loop.stop();
    send(SIGUSR1);
  });
  send(SIGUSR1);
  loop.start();
  EXPECT_EQ(calls, 3);
}

}  // namespace
}  // namespace mini
