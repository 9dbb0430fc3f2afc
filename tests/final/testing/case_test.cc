// TE-01 AsyncTestCase, gen_test, bind_unused_port.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <tornado/locks.h>
#include <tornado/queues.h>
#include <unistd.h>

#include <stdexcept>
#include <thread>

#include "nested.h"

namespace tornado::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct RealTest : AsyncTestCase {};
struct VirtualTest : AsyncTestCase {
  VirtualTest() : AsyncTestCase(Time::kVirtual) {}
};

Future<std::string> slow_text(std::string text) {
  co_await gen::sleep(0.001);
  co_return text;
}

// ---- the loop -----------------------------------------------------------------------------------

// TE-01
TEST_F(RealTest, has_a_current_loop) {
  EXPECT_EQ(&io_loop, &ioloop::IOLoop::current());
  EXPECT_EQ(io_loop.run_sync([] { return slow_text("done"); }), "done");
}

// TE-01
TEST(AsyncTestCase, gives_back_the_loop_that_was_current) {
  const ioloop::IOLoop* before = ioloop::IOLoop::current(false);
  ioloop::IOLoop outer;
  outer.make_current();
  EXPECT_EQ(report_of<RealTest>(
                [&](auto& test) { EXPECT_EQ(ioloop::IOLoop::current(false), &test.io_loop); }),
            "");
  EXPECT_EQ(ioloop::IOLoop::current(false), &outer);
  ioloop::IOLoop::clear_current();
  EXPECT_EQ(before, nullptr);
}

// ---- coroutines ---------------------------------------------------------------------------------

// TE-01
GEN_TEST(RealTest, gen_test_awaits) {
  EXPECT_EQ(co_await slow_text("a long text that no small string holds"),
            "a long text that no small string holds");
  const std::string text = co_await slow_text("done");
  CO_ASSERT_EQ(text, "done");
  CO_ASSERT_EQ(co_await slow_text("another text that is on the heap"),
               std::string("another text that is on the heap"));
  CO_ASSERT_NE(text.size(), 3U);
  CO_ASSERT_LT(text.size(), 5U);
  CO_ASSERT_LE(text.size(), 4U);
  CO_ASSERT_GT(text.size(), 3U);
  CO_ASSERT_GE(text.size(), 4U);
  CO_ASSERT_TRUE(!text.empty()) << "with words behind it";
  CO_ASSERT_FALSE(text.empty());
}

// TE-01
GEN_TEST(VirtualTest, gen_test_takes_its_own_timeout, 0.5) {
  const double start = io_loop.time();
  co_await gen::sleep(3600);
  EXPECT_EQ(io_loop.time(), start + 3600);
}

// TE-01
TEST(GenTest, throws_what_its_body_throws) {
  const std::string report = report_of<RealTest>([](auto& test) {
    EXPECT_THROW(test.gen_test([]() -> Future<void> {
      co_await gen::moment;
      throw std::out_of_range("far");
    }),
                 std::out_of_range);
  });
  EXPECT_EQ(report, "");
}

// TE-01
TEST(GenTest, an_assertion_ends_the_coroutine) {
  bool went_on = false;
  const std::string report = report_of<RealTest>([&](auto& test) {
    test.gen_test([&]() -> Future<void> {
      co_await gen::moment;
      CO_ASSERT_EQ(1 + 1, 3) << "in words";
      went_on = true;
    });
  });
  EXPECT_FALSE(went_on);
  EXPECT_THAT(report, HasSubstr("1 + 1\n    Which is: 2"));
  EXPECT_THAT(report, HasSubstr("in words"));
}

struct NotedEnd {
  ~NotedEnd() { into.emplace_back("end"); }
  std::vector<std::string>& into;
};

template <class Fixture>
void check_timeout() {
  std::vector<std::string> events;
  const std::string report = report_of<Fixture>([&](auto& test) {
    const Future<void> never;
    try {
      test.gen_test(
          [&]() -> Future<void> {
            const NotedEnd end{events};
            co_await never;
          },
          0.01);
      ADD_FAILURE() << "no timeout";
    } catch (const ioloop::TimeoutError& error) {
      events.emplace_back(error.what());
    }
  });
  EXPECT_EQ(report, "");
  EXPECT_THAT(events, ElementsAre("Operation timed out after 0.01 seconds", "end"));
}

// TE-01
TEST(GenTest, times_out_in_real_time) {
  check_timeout<RealTest>();
}
// TE-01
TEST(GenTest, times_out_in_virtual_time) {
  check_timeout<VirtualTest>();
}

// TE-01
TEST(GenTest, times_out_where_virtual_time_runs_for_ever) {
  const std::string report = report_of<VirtualTest>([](auto& test) {
    EXPECT_THROW(test.gen_test(
                     []() -> Future<void> {
                       for (;;) co_await gen::sleep(1);
                     },
                     0.01),
                 ioloop::TimeoutError);
  });
  EXPECT_EQ(report, "");
}

// TE-01
TEST(AsyncTestTimeout, comes_from_the_environment) {
  ::unsetenv("ASYNC_TEST_TIMEOUT");
  EXPECT_EQ(get_async_test_timeout(), 5);
  ::setenv("ASYNC_TEST_TIMEOUT", "0.25", 1);
  EXPECT_EQ(get_async_test_timeout(), 0.25);
  ::setenv("ASYNC_TEST_TIMEOUT", "soon", 1);
  EXPECT_EQ(get_async_test_timeout(), 5);
  ::unsetenv("ASYNC_TEST_TIMEOUT");
}

// ---- stop and wait ------------------------------------------------------------------------------

// TE-01
TEST_F(RealTest, wait_returns_what_stop_was_given) {
  io_loop.add_callback([this] { stop(std::string("text")); });
  EXPECT_EQ(wait<std::string>(), "text");
  stop(std::make_unique<int>(7));  // before the wait
  EXPECT_EQ(*wait<std::unique_ptr<int>>(), 7);
  stop(1);
  EXPECT_THROW(wait<std::string>(), std::logic_error);
  stop();
  wait();
}

// TE-01
TEST_F(RealTest, wait_goes_on_until_its_condition_holds) {
  int calls = 0;
  ioloop::PeriodicCallback ticks(
      [&] {
        ++calls;
        stop();
      },
      1);
  ticks.start();
  wait([&] { return calls >= 3; });
  EXPECT_EQ(calls, 3);
}

// TE-01
TEST_F(RealTest, wait_times_out) {
  EXPECT_THROW(wait(0.01), ioloop::TimeoutError);
}
// TE-01
TEST_F(VirtualTest, wait_times_out) {
  EXPECT_THROW(wait(0.01), ioloop::TimeoutError);
}

// TE-01
TEST_F(RealTest, wait_ends_with_an_exception_in_a_callback) {
  io_loop.add_callback([] { throw std::runtime_error("early"); });
  try {
    wait();
    ADD_FAILURE() << "no exception";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "Exception in callback: std::runtime_error: early");
  }
}

// ---- virtual time -------------------------------------------------------------------------------

// TE-01
TEST_F(VirtualTest, advance_runs_what_is_due) {
  std::vector<int> fired;
  const double start = io_loop.time();
  io_loop.call_later(60, [&] { fired.push_back(2); });
  io_loop.call_later(30, [&] {
    fired.push_back(1);
    io_loop.call_later(90, [&] { fired.push_back(3); });
  });
  advance(59);
  EXPECT_THAT(fired, ElementsAre(1));
  advance(1);
  EXPECT_THAT(fired, ElementsAre(1, 2));
  advance(60);
  EXPECT_THAT(fired, ElementsAre(1, 2, 3));
  EXPECT_EQ(io_loop.time(), start + 120);
}

// TE-01
TEST_F(RealTest, advance_needs_virtual_time) {
  EXPECT_THROW(advance(1), std::logic_error);
}

// TE-01
GEN_TEST(VirtualTest, advance_is_not_for_coroutines) {
  EXPECT_THROW(advance(1), std::logic_error);
  co_await gen::moment;
}

// TE-01
GEN_TEST(VirtualTest, virtual_time_waits_for_threads_while_no_timer_is_set) {
  const double start = io_loop.time();
  const auto work = io_loop.run_in_executor(nullptr, [] { return 7; });
  EXPECT_EQ(co_await work, 7);
  EXPECT_EQ(io_loop.time(), start);
}

// ---- what a test leaves -------------------------------------------------------------------------

// TE-01
TEST(Leftovers, handlers_and_timers_fail_the_test) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const auto leave = [&](auto& test) {
    test.io_loop.add_handler(ends[0], [](int, std::uint32_t) {}, ioloop::IOLoop::READ);
    test.io_loop.call_later(60, [] {});
  };
  EXPECT_THAT(report_of<RealTest>(leave), HasSubstr("the test has left handlers of descriptors " +
                                                    std::to_string(ends[0]) + " and 1 timer on"));
  EXPECT_EQ(report_of<RealTest>([&](auto& test) {
              test.expect_leftovers();
              leave(test);
            }),
            "");
  ::close(ends[0]);
  ::close(ends[1]);
}

struct OwningTest : AsyncTestCase {
  OwningTest() { ticks.start(); }
  ioloop::PeriodicCallback ticks{[] {}, 1000};
};
// TE-01
TEST(Leftovers, members_of_the_fixture_take_theirs_away) {
  EXPECT_EQ(report_of<OwningTest>([](auto&) {}), "");
}

struct Forgetful : AsyncTestCase {
  void TearDown() override {}
};
// TE-01
TEST(Leftovers, an_override_must_call_tear_down) {
  EXPECT_THAT(report_of<Forgetful>([](auto&) {}),
              HasSubstr("AsyncTestCase::TearDown() was not called"));
}

// TE-01
TEST(Leftovers, exceptions_that_nobody_saw_fail_the_test) {
  const std::string report = report_of<RealTest>([](auto& test) {
    test.gen_test([]() -> Future<void> {
      ioloop::IOLoop::current().add_callback([] { throw std::runtime_error("in a callback"); });
      Future<void>().set_exception(std::runtime_error("in a future"));
      co_await gen::moment;
    });
  });
  EXPECT_THAT(report, HasSubstr("Exception in callback: std::runtime_error: in a callback"));
  EXPECT_THAT(report,
              HasSubstr("Future exception was never retrieved: std::runtime_error: in a future"));
}

// TE-01
TEST_F(RealTest, an_exception_that_is_expected_does_not) {
  const ExpectLog expected(log::app_log, "Exception in callback: .*late");
  io_loop.add_callback([] { throw std::runtime_error("too late"); });
  io_loop.call_later(0.001, [this] { stop(); });
  wait();
}

struct LockTest : AsyncTestCase {
  ~LockTest() override { events.emplace_back("members gone"); }
  Future<void> hold() {
    const auto guard = co_await lock.scoped();
    const NotedEnd end{events};
    co_await queue.get();
  }
  static std::vector<std::string> events;
  locks::Lock lock;
  queues::Queue<int> queue;
};
std::vector<std::string> LockTest::events;

// TE-01
TEST(Leftovers, coroutines_that_wait_are_cancelled_while_the_members_live) {
  LockTest::events.clear();
  EXPECT_EQ(report_of<LockTest>([](auto& test) {
              test.io_loop.spawn_callback([&test] { return test.hold(); });
              test.io_loop.spawn_callback([&test] { return test.hold(); });
            }),
            "");
  // The second one had waited for the lock.
  EXPECT_THAT(LockTest::events, ElementsAre("end", "end", "members gone"));
}

// TE-01
TEST(Leftovers, what_a_cancelled_coroutine_throws_fails_the_test) {
  const std::string report = report_of<RealTest>([](auto& test) {
    test.io_loop.spawn_callback([]() -> Future<void> {
      try {
        co_await Future<void>();
      } catch (const concurrent::CancelledError&) {
        throw std::runtime_error("while cleaning up");
      }
    });
  });
  EXPECT_THAT(report, HasSubstr("std::runtime_error: while cleaning up"));
}

// TE-01
TEST(Leftovers, a_coroutine_that_goes_on_is_freed) {
  std::vector<std::string> events;
  EXPECT_EQ(report_of<RealTest>([&](auto& test) {
              test.io_loop.spawn_callback([&]() -> Future<void> {
                const NotedEnd end{events};
                for (;;) {
                  try {
                    co_await Future<void>();
                  } catch (const concurrent::CancelledError&) {
                    events.emplace_back("cancelled");
                  }
                }
              });
            }),
            "");
  EXPECT_THAT(events, ElementsAre("cancelled", "end"));
}

// ---- ports --------------------------------------------------------------------------------------

// TE-01
TEST(BindUnusedPort, listens_on_a_port_of_its_own) {
  const auto [socket, port] = bind_unused_port();
  const auto [other, other_port] = bind_unused_port();
  EXPECT_EQ(socket.getsockname(), netutil::Address("127.0.0.1", port));
  EXPECT_NE(port, other_port);
  int listens = 0;
  socklen_t size = sizeof listens;
  EXPECT_EQ(::getsockopt(socket.fileno(), SOL_SOCKET, SO_ACCEPTCONN, &listens, &size), 0);
  EXPECT_EQ(listens, 1);
  EXPECT_EQ(bind_unused_port(true, "127.0.0.2").first.getsockname().ip(), "127.0.0.2");
}

}  // namespace
}  // namespace tornado::testing
