// Timers on a virtual clock: nothing here sleeps.
#include <tornado/ioloop.h>

#include <chrono>
#include <limits>
#include <random>

#include "loop_test_util.h"

namespace tornado {
namespace {

using ioloop::IOLoop;
using ioloop::Timeout;
using ::testing::ElementsAre;

class Timers : public ::testing::Test, protected test::VirtualLoop {
 protected:
  void run_for(double seconds) {
    loop.call_later(seconds, [this] { loop.stop(); });
    loop.start();
  }
  std::vector<int> order;
  auto note(int number) {
    return [this, number] { order.push_back(number); };
  }
};

// IOL-17
TEST_F(Timers, a_number_is_absolute_and_a_duration_relative) {
  loop.add_timeout(1002.0, note(2));
  loop.add_timeout(std::chrono::milliseconds(1500), note(1));
  loop.add_timeout(std::chrono::seconds(3), note(3));
  run_for(10);
  EXPECT_THAT(order, ElementsAre(1, 2, 3));
}

// IOL-18
TEST_F(Timers, call_later_and_call_at) {
  std::vector<double> times;
  const auto note_time = [&] { times.push_back(loop.time()); };
  loop.call_at(1007.0, note_time);
  loop.call_later(2, note_time);
  loop.call_later(std::chrono::seconds(5), note_time);
  run_for(10);
  EXPECT_THAT(times, ElementsAre(1002.0, 1005.0, 1007.0));
}

// IOL-18
TEST_F(Timers, arguments_travel_with_the_timer) {
  loop.call_later(
      1, [this](int a, std::unique_ptr<int> b) { order = {a, *b}; }, 4, std::make_unique<int>(5));
  run_for(2);
  EXPECT_THAT(order, ElementsAre(4, 5));
}

// IOL-17
TEST_F(Timers, what_is_not_a_number_is_refused) {
  auto token = std::make_shared<int>();
  EXPECT_THROW(loop.call_later(std::numeric_limits<double>::quiet_NaN(), [token] {}),
               std::invalid_argument);
  EXPECT_EQ(token.use_count(), 1);
  const auto never = loop.call_later(std::numeric_limits<double>::infinity(), note(1));
  run_for(1e9);
  EXPECT_TRUE(order.empty());
  EXPECT_TRUE(never.pending());
}

// IOL-19
TEST_F(Timers, a_removed_timer_does_not_run_and_frees_its_captures) {
  auto token = std::make_shared<int>();
  const auto timer = loop.call_later(1, [token] { ADD_FAILURE(); });
  EXPECT_TRUE(timer.pending());
  loop.remove_timeout(timer);
  EXPECT_FALSE(timer.pending());
  EXPECT_EQ(token.use_count(), 1);
  loop.remove_timeout(timer);
  loop.remove_timeout(Timeout());
  run_for(2);
}

// IOL-19
TEST_F(Timers, remove_is_harmless_after_firing_and_inside_it) {
  Timeout timer;
  timer = loop.call_later(1, [&] {
    EXPECT_FALSE(timer.pending());
    loop.remove_timeout(timer);
    order.push_back(1);
  });
  const Timeout copy = timer;
  run_for(2);
  loop.remove_timeout(copy);
  EXPECT_THAT(order, ElementsAre(1));
}

// IOL-19
TEST_F(Timers, a_callback_may_own_the_handle_that_removes_it) {
  struct Session {
    Timeout timer;
  };
  auto session = std::make_shared<Session>();
  std::weak_ptr<Session> gone = session;
  session->timer = loop.call_later(1, [session] { ADD_FAILURE(); });
  const Timeout& handle = session->timer;
  session.reset();
  loop.remove_timeout(handle);
  EXPECT_TRUE(gone.expired());
  run_for(2);
}

// IOL-20
TEST_F(Timers, by_deadline_then_by_age) {
  loop.call_at(1003, note(4));
  loop.call_at(1001, note(1));
  loop.call_at(1002, note(2));
  loop.call_at(1002, note(3));
  run_for(10);
  EXPECT_THAT(order, ElementsAre(1, 2, 3, 4));
}

// IOL-20
TEST_F(Timers, due_timers_are_collected_before_any_of_them_runs) {
  // The first creates one that is due at once. It runs after the callbacks of the next iteration.
  loop.call_at(1001, [this] {
    order.push_back(1);
    loop.call_at(1000, note(4));
    loop.add_callback(note(3));
  });
  loop.call_at(1001, note(2));
  run_for(10);
  EXPECT_THAT(order, ElementsAre(1, 2, 3, 4));
}

// IOL-20
TEST_F(Timers, a_timer_can_remove_one_of_its_own_batch) {
  Timeout second;
  loop.call_at(1001, [&] {
    order.push_back(1);
    EXPECT_TRUE(second.pending());
    loop.remove_timeout(second);
  });
  second = loop.call_at(1001, note(2));
  loop.call_at(1001, note(3));
  run_for(10);
  EXPECT_THAT(order, ElementsAre(1, 3));
}

// IOL-20
TEST_F(Timers, a_timer_that_fails_does_not_stop_its_batch) {
  test::Logged logged;
  loop.call_at(1001, [] { throw std::runtime_error("timer"); });
  loop.call_at(1001, note(1));
  run_for(10);
  EXPECT_THAT(order, ElementsAre(1));
  EXPECT_EQ(logged.lines().size(), 1U);
}

// IOL-20
TEST_F(Timers, a_hundred_thousand_in_any_order_with_every_third_removed) {
  constexpr int kTimers = 100'000;
  std::minstd_rand random{1};
  std::uniform_int_distribution<int> delay(1, 1000);
  std::vector<Timeout> handles;
  double last = 0;
  int fired = 0;
  for (int i = 0; i < kTimers; ++i) {
    handles.push_back(loop.call_later(delay(random), [&] {
      EXPECT_GE(loop.time(), last);
      last = loop.time();
      ++fired;
    }));
  }
  for (int i = 0; i < kTimers; i += 3) loop.remove_timeout(handles[static_cast<std::size_t>(i)]);
  run_for(2000);
  EXPECT_EQ(fired, kTimers - (kTimers + 2) / 3);
}

// IOL-21
TEST_F(Timers, time_comes_from_the_clock_of_the_options) {
  EXPECT_EQ(loop.time(), 1000.0);
  clock.advance(5);
  EXPECT_EQ(loop.time(), 1005.0);
}

// IOL-21
TEST(RealTime, is_in_epoch_seconds) {
  IOLoop loop;
  const auto epoch = std::chrono::system_clock::now().time_since_epoch();
  const double now = std::chrono::duration<double>(epoch).count();
  EXPECT_NEAR(loop.time(), now, 60);
}

// IOL-18
TEST(RealTime, a_timer_never_fires_early) {
  IOLoop loop;
  const double due = loop.time() + 0.005;
  double fired = 0;
  loop.call_at(due, [&] {
    fired = loop.time();
    loop.stop();
  });
  loop.start();
  EXPECT_GE(fired, due);
}

}  // namespace
}  // namespace tornado
