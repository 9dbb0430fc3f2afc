#include <tornado/gen.h>
#include <tornado/locks.h>
#include <tornado/queues.h>

#include <chrono>
#include <functional>
#include <map>

#include "loop_test_util.h"

namespace tornado {
namespace {

using ioloop::IOLoop;
using ::testing::ElementsAre;
using ::testing::Pair;

class Gen : public ::testing::Test, protected test::VirtualLoop {
 protected:
  static Future<int> later(int value, double seconds) {
    co_await gen::sleep(seconds);
    co_return value;
  }
  static Future<int> fails(std::string what, double seconds) {
    co_await gen::sleep(seconds);
    throw std::runtime_error(what);
  }
  static Future<std::string> finished(std::string word) { co_return word; }
  static Future<int> later_ready(int value) { co_return value; }
  std::string error_of(const std::function<Future<void>()>& run) {
    try {
      loop.run_sync(run);
    } catch (const std::exception& error) {
      return error.what();
    }
    return "none";
  }
};

// GEN-10
TEST_F(Gen, sleep_takes_seconds_or_a_duration) {
  loop.run_sync([] { return gen::sleep(2.5); });
  EXPECT_EQ(loop.time(), 1002.5);
  loop.run_sync([] { return gen::sleep(std::chrono::milliseconds(500)); });
  EXPECT_EQ(loop.time(), 1003);
}

// GEN-10
TEST_F(Gen, a_cancelled_sleep_is_harmless) {
  auto sleep = gen::sleep(1);
  EXPECT_TRUE(sleep.cancel());
  EXPECT_FALSE(sleep.cancel());
  loop.run_sync([] { return gen::sleep(2); });
  EXPECT_TRUE(sleep.cancelled());
}

// GEN-11
TEST_F(Gen, moment_waits_for_one_iteration_of_the_loop) {
  std::vector<std::string> order;
  const auto run = [&]() -> Future<void> {
    loop.add_callback([&] { order.push_back("callback"); });
    loop.call_at(0, [&] { order.push_back("timer"); });
    co_await gen::moment;
    order.push_back("after");
  };
  loop.run_sync(run);
  EXPECT_THAT(order, ElementsAre("timer", "callback", "after"));
}

// GEN-04
TEST_F(Gen, multi_waits_side_by_side_and_keeps_the_shape) {
  const auto run = [&]() -> Future<void> {
    std::vector<Future<int>> list;
    list.push_back(later(1, 3));
    list.push_back(later(2, 1));
    const auto numbers = co_await gen::multi(std::move(list));
    EXPECT_THAT(numbers, ElementsAre(1, 2));
    EXPECT_EQ(loop.time(), 1003);
    std::map<std::string, Future<int>> table;
    table.emplace("a", later(3, 1));
    table.emplace("b", later(4, 2));
    const auto named = co_await table;
    EXPECT_THAT(named, ElementsAre(Pair("a", 3), Pair("b", 4)));
    auto [number, nothing, word] = co_await gen::multi(later(5, 1), gen::sleep(1), finished("w"));
    EXPECT_EQ(number, 5);
    EXPECT_EQ(nothing, std::monostate());
    EXPECT_EQ(word, "w");
    EXPECT_EQ(loop.time(), 1006);
  };
  loop.run_sync(run);
}

// GEN-04
TEST_F(Gen, empty_gives_empty_and_duplicates_are_allowed) {
  const auto run = [&]() -> Future<void> {
    std::vector<Future<int>> none;
    EXPECT_TRUE((co_await none).empty());
    std::map<int, Future<int>> empty;
    EXPECT_TRUE((co_await empty).empty());
    std::vector<Future<void>> nothing;
    co_await nothing;
    auto one = finished("same");
    std::vector<Future<std::string>> same(3, one);
    const auto words = co_await same;
    EXPECT_THAT(words, ElementsAre("same", "same", "same"));
    EXPECT_EQ(one.result(), "same");
  };
  loop.run_sync(run);
}

// GEN-04
TEST_F(Gen, waits_for_all_throws_the_first_in_order_and_logs_the_others) {
  test::Logged logged;
  EXPECT_EQ(error_of([]() -> Future<void> {
              std::vector<Future<int>> list;
              list.push_back(later(1, 1));
              list.push_back(fails("second", 3));
              list.push_back(fails("third", 1));
              co_await list;
            }),
            "second");
  EXPECT_EQ(loop.time(), 1003);
  EXPECT_EQ(error_of([]() -> Future<void> {
              co_await gen::multi(fails("one", 2), gen::sleep(1), fails("three", 1));
            }),
            "one");
  EXPECT_EQ(error_of([]() -> Future<void> {
              std::map<int, Future<int>> table;
              table.emplace(2, fails("two", 1));
              table.emplace(1, fails("one", 2));
              co_await table;
            }),
            "one");
  const std::string prefix =
      "tornado.application: Multiple exceptions in yield list: std::runtime_error: ";
  EXPECT_THAT(logged.lines(), ElementsAre(prefix + "third", prefix + "three", prefix + "two"));
}

// GEN-05
TEST_F(Gen, multi_takes_results_that_only_move) {
  const auto make = [](int value) -> Future<std::unique_ptr<int>> {
    co_await gen::sleep(1);
    co_return std::make_unique<int>(value);
  };
  const auto run = [&]() -> Future<int> {
    std::vector<Future<std::unique_ptr<int>>> list;
    list.push_back(make(1));
    list.push_back(make(2));
    const auto values = co_await gen::multi(std::move(list));
    co_return *values[0] + *values[1];
  };
  EXPECT_EQ(loop.run_sync(run), 3);
}

// GEN-05
TEST_F(Gen, quiet_exceptions_are_not_logged) {
  test::Logged logged;
  const auto refuse = []() -> Future<int> {
    co_await gen::moment;
    throw gen::TimeoutError("quiet");
  };
  EXPECT_EQ(error_of([&]() -> Future<void> {
              std::vector<Future<int>> list{fails("first", 1), refuse(), fails("loud", 1)};
              co_await gen::multi(list, gen::quiet<std::range_error, gen::TimeoutError>);
            }),
            "first");
  EXPECT_EQ(error_of([&]() -> Future<void> {
              std::map<int, Future<int>> table;
              table.emplace(1, fails("first", 1));
              table.emplace(2, refuse());
              co_await gen::multi(table, gen::quiet<std::runtime_error>);
            }),
            "first");
  EXPECT_EQ(error_of([&]() -> Future<void> {
              co_await gen::multi(gen::quiet<std::exception>, fails("first", 1), refuse());
            }),
            "first");
  EXPECT_THAT(logged.lines(), ElementsAre("tornado.application: Multiple exceptions in yield list: "
                                          "std::runtime_error: loud"));
}

// GEN-12
TEST_F(Gen, quiet_exceptions_are_not_logged_after_a_timeout) {
  test::Logged logged;
  const auto run = [&]() -> Future<void> {
    EXPECT_THROW(co_await gen::with_timeout(std::chrono::seconds(1), fails("late", 10),
                                            gen::quiet<std::runtime_error>),
                 gen::TimeoutError);
    co_await gen::sleep(20);
  };
  loop.run_sync(run);
  EXPECT_TRUE(logged.lines().empty());
}

// GEN-12
TEST_F(Gen, with_timeout_gives_what_came_in_time) {
  const auto run = [&]() -> Future<int> {
    const auto in_time = co_await gen::with_timeout(std::chrono::seconds(5), later(1, 4));
    co_await gen::with_timeout(loop.time() + 5, gen::sleep(4));
    const auto ready = co_await gen::with_timeout(0.0, later_ready(2));
    co_return in_time + ready;
  };
  EXPECT_EQ(loop.run_sync(run), 3);
  EXPECT_EQ(loop.time(), 1008);
  EXPECT_EQ(error_of([]() -> Future<void> {
              co_await gen::with_timeout(std::chrono::seconds(5), fails("in time", 1));
            }),
            "in time");
}

// GEN-12
TEST_F(Gen, with_timeout_gives_what_came_in_time_to_a_loop_that_is_late) {
  std::vector<Future<int>> all;
  loop.add_callback([&] {
    Future<int> done;
    done.set_result(1);
    all.push_back(gen::with_timeout(std::chrono::seconds(0), done));
    all.push_back(gen::with_timeout(loop.time() - 1, done));
  });
  loop.add_callback([&] {
    Future<int> pending;
    all.push_back(gen::with_timeout(std::chrono::seconds(5), pending));
    loop.add_callback([this, pending] {
      pending.set_result(1);
      clock.advance(10);  // it blocks
    });
  });
  loop.run_sync([] { return gen::sleep(20); });
  ASSERT_EQ(all.size(), 3U);
  for (const auto& one : all) EXPECT_EQ(one.result(), 1);
}

// GEN-12
TEST_F(Gen, a_span_of_time_given_as_a_deadline_is_refused) {
  clock.advance(1.7e9);  // a clock that tells today's time, as the default one does
  const auto message_of = [](const auto& run) -> std::string {
    try {
      run();
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "none";
  };
  const std::string message =
      "the deadline 5 is years in the past: a number is a time on the clock of IOLoop::time(). For "
      "5 s from now, pass a std::chrono duration, such as 5s, or add IOLoop::time()";
  queues::Queue<int> queue;
  locks::Event event;
  EXPECT_EQ(message_of([&] { static_cast<void>(gen::with_timeout(5.0, event.wait())); }), message);
  EXPECT_EQ(message_of([&] { loop.add_timeout(5.0, [] {}); }), message);
  EXPECT_EQ(message_of([&] { loop.call_at(5.0, [] {}); }), message);
  // Also where nothing would have to wait.
  queue.put_nowait(1);
  event.set();
  EXPECT_EQ(message_of([&] { static_cast<void>(queue.get(5.0)); }), message);
  EXPECT_EQ(message_of([&] { static_cast<void>(event.wait(5.0)); }), message);
  bool begun = false;
  const auto work = [&]() -> Future<int> {
    begun = true;
    return later(1, 1);
  };
  EXPECT_EQ(error_of([&]() -> Future<void> { co_await gen::with_deadline(5.0, work); }), message);
  EXPECT_FALSE(begun);
  // Zero and less mean "at once" either way, and a deadline may be late by less than a year.
  for (const double deadline : {0.0, -1.0, loop.time() - 364 * 86'400}) {
    EXPECT_EQ(message_of([&] { loop.add_timeout(deadline, [] {}); }), "none") << deadline;
  }
}

// ---- spawn

TEST_F(Gen, spawn_runs_a_coroutine_that_nobody_awaits_and_logs_its_exception) {
  test::Logged logged;
  int ended = 0;
  const auto work = [](int* count) -> Future<int> {
    co_await gen::sleep(1);
    co_return ++*count;
  };
  const auto run = [&]() -> Future<void> {
    gen::spawn(work(&ended));
    gen::spawn(fails("spawned", 2));
    EXPECT_EQ(ended, 0);
    co_await gen::sleep(1.5);
    EXPECT_EQ(ended, 1);
    EXPECT_TRUE(logged.lines().empty());
    co_await gen::sleep(1);
  };
  loop.run_sync(run);
  ASSERT_EQ(logged.lines().size(), 1U);
  EXPECT_TRUE(logged.lines()[0].starts_with("tornado.application: ")) << logged.lines()[0];
  EXPECT_TRUE(logged.lines()[0].find("spawned") != std::string::npos) << logged.lines()[0];
}

TEST_F(Gen, spawn_does_not_log_a_cancelled_future) {
  test::Logged logged;
  const auto run = [&]() -> Future<void> {
    auto sleep = gen::sleep(10);
    gen::spawn(sleep);
    sleep.cancel();
    co_await gen::sleep(1);
  };
  loop.run_sync(run);
  EXPECT_TRUE(logged.lines().empty());
}

TEST_F(Gen, spawn_keeps_a_function_its_captures_and_its_arguments) {
  test::Logged logged;
  std::string seen;
  const auto run = [&]() -> Future<void> {
    gen::spawn(
        [&seen, captured = std::string(100, 'c')](std::string given) -> Future<void> {
          co_await gen::sleep(1);
          seen = captured + given;
        },
        std::string(100, 'g'));
    gen::spawn([]() -> Future<void> { throw std::runtime_error("in the call"); });
    gen::spawn([]() -> Future<int> {
      if (true) throw std::runtime_error("before any future");
      return later_ready(1);
    });
    co_await gen::sleep(2);
  };
  loop.run_sync(run);
  EXPECT_EQ(seen, std::string(100, 'c') + std::string(100, 'g'));
  EXPECT_EQ(logged.lines().size(), 2U);
}

TEST_F(Gen, coroutines_take_what_is_ready_also_before_the_loop_runs) {
  const auto sum = []() -> Future<int> {
    int all = 0;
    for (int i = 0; i < 10; ++i) {
      auto one = later_ready(1);
      all += co_await one;
    }
    co_return all;
  };
  for (int i = 0; i < 10; ++i) {
    const auto ten = sum();
    ASSERT_TRUE(ten.done()) << i;
    EXPECT_EQ(ten.result(), 10);
  }
}

// GEN-12 UT-02
TEST_F(Gen, with_timeout_throws_does_not_cancel_and_logs_a_late_failure) {
  static_assert(std::is_same_v<gen::TimeoutError, ioloop::TimeoutError>);
  test::Logged logged;
  bool went_on = false;
  const auto slow = [&]() -> Future<void> {
    co_await gen::sleep(10);
    went_on = true;
    throw std::runtime_error("late");
  };
  const auto run = [&]() -> Future<void> {
    try {
      co_await gen::with_timeout(std::chrono::seconds(1), slow());
      ADD_FAILURE();
    } catch (const gen::TimeoutError& error) {
      EXPECT_STREQ(error.what(), "Timeout");
    }
    EXPECT_EQ(loop.time(), 1001);
    co_await gen::sleep(20);
  };
  loop.run_sync(run);
  EXPECT_TRUE(went_on);
  EXPECT_THAT(logged.lines(), ElementsAre("tornado.application: Exception in Future after timeout: "
                                          "std::runtime_error: late"));
}

// ---- WaitIterator

// GEN-13
TEST_F(Gen, wait_iterator_gives_results_as_they_come) {
  const auto run = [&]() -> Future<void> {
    gen::WaitIterator results(later(1, 3), later(2, 1), later_ready(3));
    std::vector<std::pair<std::size_t, int>> seen;
    while (!results.done()) {
      const int value = co_await results.next();
      seen.emplace_back(results.current_index(), value);
      EXPECT_EQ(results.current_future().result(), value);
    }
    EXPECT_THAT(seen, ElementsAre(Pair(2U, 3), Pair(1U, 2), Pair(0U, 1)));
    EXPECT_EQ(loop.time(), 1003);
    EXPECT_THROW(static_cast<void>(results.next()), std::logic_error);
  };
  loop.run_sync(run);
}

// GEN-13
TEST_F(Gen, wait_iterator_over_a_vector_and_over_a_map) {
  const auto run = [&]() -> Future<void> {
    std::vector<Future<int>> list{later(1, 2), later(2, 1)};
    gen::WaitIterator positions(list);
    EXPECT_EQ(co_await positions.next(), 2);
    EXPECT_EQ(co_await positions.next(), 1);
    EXPECT_TRUE(positions.done());
    std::map<std::string, Future<int>> table;
    table.emplace("slow", later(1, 2));
    table.emplace("fast", later(2, 1));
    gen::WaitIterator keys(table);
    EXPECT_EQ(co_await keys.next(), 2);
    EXPECT_EQ(keys.current_index(), "fast");
    EXPECT_EQ(co_await keys.next(), 1);
    EXPECT_EQ(keys.current_index(), "slow");
    gen::WaitIterator none(std::vector<Future<int>>{});
    EXPECT_TRUE(none.done());
  };
  loop.run_sync(run);
}

// GEN-13
TEST_F(Gen, wait_iterator_throws_the_exception_of_one_and_goes_on) {
  const auto run = [&]() -> Future<void> {
    gen::WaitIterator results(fails("one", 1), later(2, 2));
    EXPECT_THROW(results.current_index(), std::logic_error);
    EXPECT_THROW(co_await results.next(), std::runtime_error);
    EXPECT_EQ(results.current_index(), 0U);
    EXPECT_EQ(co_await results.next(), 2);
  };
  loop.run_sync(run);
}

// GEN-13
TEST_F(Gen, a_next_that_is_cancelled_or_still_pending) {
  const auto run = [&]() -> Future<void> {
    gen::WaitIterator results(later(1, 1), later(2, 2));
    auto first = results.next();
    EXPECT_THROW(static_cast<void>(results.next()), std::logic_error);
    EXPECT_TRUE(first.cancel());
    EXPECT_EQ(co_await results.next(), 1) << "nothing is lost";
    EXPECT_EQ(co_await results.next(), 2);
  };
  loop.run_sync(run);
}

// GEN-13
TEST_F(Gen, the_futures_may_outlive_the_iterator) {
  const auto run = [&]() -> Future<void> {
    auto slow = later(1, 5);
    {
      gen::WaitIterator results(slow, later(2, 1));
    }
    EXPECT_EQ(co_await slow, 1);
  };
  loop.run_sync(run);
}

// ---- what is a future

// GEN-14
TEST_F(Gen, maybe_future_and_convert_yielded) {
  const auto run = [&]() -> Future<void> {
    EXPECT_EQ(co_await gen::maybe_future(1), 1);
    EXPECT_EQ(co_await gen::maybe_future(later(2, 1)), 2);
    EXPECT_TRUE(gen::maybe_future(std::string("ready")).done());
    std::vector<Future<int>> list{later(3, 1), later(4, 1)};
    const auto all = co_await gen::convert_yielded(list);
    EXPECT_THAT(all, ElementsAre(3, 4));
    std::map<int, Future<int>> table;
    table.emplace(1, later(5, 1));
    EXPECT_EQ((co_await gen::convert_yielded(table)).at(1), 5);
    EXPECT_EQ(co_await gen::convert_yielded(later(6, 1)), 6);
  };
  loop.run_sync(run);
}

// GEN-14
TEST_F(Gen, is_coroutine_function) {
  const auto plain = [](int) { return 1; };
  EXPECT_TRUE((gen::CoroutineFunction<decltype(later), int, double>));
  EXPECT_FALSE((gen::CoroutineFunction<decltype(later), std::string>));
  EXPECT_FALSE((gen::CoroutineFunction<decltype(plain), int>));
}

// GEN-12
TEST(GenLife, a_future_may_complete_after_the_loop_of_its_timeout_is_gone) {
  Future<int> slow;
  std::optional<Future<int>> timed;
  {
    test::VirtualLoop first;
    first.loop.make_current();
    timed = gen::with_timeout(std::chrono::seconds(5), slow);
  }
  test::VirtualLoop second;
  second.loop.make_current();
  slow.set_result(1);
  EXPECT_EQ(second.loop.run_sync([&] { return *timed; }), 1);
}

}  // namespace
}  // namespace tornado
