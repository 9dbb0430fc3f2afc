#include "03-ioloop/timers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

namespace mini {
namespace {

// Takes and calls all timers that are due.
void run_due(Timers& timers, double now) {
  for (const Timeout& timeout : timers.due(now)) {
    if (const auto callback = timers.take(timeout)) (*callback)();
  }
}

TEST(Timers, due_timers_run_earliest_first_and_once) {
  Timers timers;
  std::string order;
  timers.add(3, [&] { order += 'c'; });
  timers.add(1, [&] { order += 'a'; });
  timers.add(2, [&] { order += 'b'; });
  run_due(timers, 0.9);
  EXPECT_EQ(order, "");
  run_due(timers, 2);
  EXPECT_EQ(order, "ab");
  run_due(timers, 10);
  EXPECT_EQ(order, "abc");
}

TEST(Timers, timers_of_one_moment_run_as_they_were_made) {
  Timers timers;
  std::string order;
  for (const char name : {'a', 'b', 'c'}) timers.add(1, [&order, name] { order += name; });
  run_due(timers, 1);
  EXPECT_EQ(order, "abc");
}

TEST(Timers, next_deadline_is_the_earliest) {
  Timers timers;
  EXPECT_FALSE(timers.next_deadline());
  timers.add(2, [] {});
  const Timeout first = timers.add(1, [] {});
  EXPECT_EQ(timers.next_deadline(), 1);
  timers.remove(first);
  EXPECT_EQ(timers.next_deadline(), 2);
}

TEST(Timers, one_that_was_removed_while_others_ran_is_not_handed_out) {
  Timers timers;
  std::string order;
  Timeout second;
  timers.add(1, [&] {
    order += 'a';
    timers.remove(second);
  });
  second = timers.add(1, [&] { order += 'b'; });
  run_due(timers, 1);
  EXPECT_EQ(order, "a");
}

TEST(Timers, one_that_is_made_while_others_run_is_not_of_this_round) {
  Timers timers;
  int calls = 0;
  Callback again = [&] {
    ++calls;
    timers.add(0, again);
  };
  timers.add(0, again);
  run_due(timers, 1);
  EXPECT_EQ(calls, 1);
  run_due(timers, 1);
  EXPECT_EQ(calls, 2);
}

TEST(Timers, removing_does_no_harm_twice_or_to_no_timer) {
  Timers timers;
  const Timeout timeout = timers.add(1, [] {});
  timers.remove(timeout);
  timers.remove(timeout);
  timers.remove(Timeout{});
  EXPECT_FALSE(timers.take(timeout));
}

TEST(Timers, a_deadline_must_be_a_number_infinity_is_one) {
  Timers timers;
  EXPECT_THROW(timers.add(std::nan(""), [] {}), std::invalid_argument);
  timers.add(std::numeric_limits<double>::infinity(), [] {});
  EXPECT_TRUE(timers.due(1e300).empty());
}

}  // namespace
}  // namespace mini
