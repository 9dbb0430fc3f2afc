#include <tornado/ioloop.h>

#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "loop_test_util.h"

namespace tornado {
namespace {

using ioloop::IOLoop;
using ioloop::MakeCurrent;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

// Every test here runs on each poller.
class Loop : public ::testing::TestWithParam<std::string> {
 protected:
  static ioloop::IOLoopOptions options(MakeCurrent make_current = MakeCurrent::kIfNone) {
    ioloop::IOLoopOptions made;
    made.poller = GetParam();
    made.make_current = make_current;
    return made;
  }

  // One round: runs what is queued now, but not what that queues.
  void turn() {
    loop.add_callback([this] { loop.stop(); });
    loop.start();
  }

  IOLoop loop{options()};
};

INSTANTIATE_TEST_SUITE_P(Pollers, Loop, test::pollers(),
                         [](const auto& poller) { return poller.param; });

// IOL-28
TEST_P(Loop, runs_on_the_poller_asked_for) {
  EXPECT_EQ(loop.poller_name(), GetParam());
}

// IOL-28
TEST(LoopPoller, an_unknown_poller_is_refused) {
  ioloop::IOLoopOptions options;
  options.poller = "kqueue2";
  EXPECT_THROW(IOLoop loop(options), std::invalid_argument);
}

// ---- which loop

// IOL-01
TEST(LoopCurrent, each_thread_has_its_own_made_on_demand) {
  EXPECT_EQ(IOLoop::current(false), nullptr);
  IOLoop* mine = &IOLoop::current();
  EXPECT_EQ(&IOLoop::current(), mine);
  EXPECT_EQ(IOLoop::current(true), mine);
  IOLoop* other = nullptr;
  std::thread([&] { other = IOLoop::current(false); }).join();
  EXPECT_EQ(other, nullptr);
  std::thread([&] { other = &IOLoop::current(); }).join();
  EXPECT_NE(other, mine);
  IOLoop::clear_current();
}

// As in Python, where sys.exit() may be called anywhere.
// IOL-01
TEST(LoopCurrent, the_program_may_exit_in_the_middle_of_an_iteration) {
  const auto leave = [](auto callback) {
    IOLoop::current().call_later(60, [] {});
    IOLoop::current().add_callback(callback);
    IOLoop::current().start();
  };
  EXPECT_EXIT(leave([] { std::exit(3); }), ::testing::ExitedWithCode(3), "^$");
  const auto coroutine = []() -> Future<void> {
    co_await gen::sleep(0.001);
    std::exit(4);
  };
  EXPECT_EXIT(leave(coroutine), ::testing::ExitedWithCode(4), "^$");
}

// IOL-01
TEST(LoopCurrent, a_loop_made_on_demand_outlives_clear_current) {
  IOLoop& first = IOLoop::current();
  IOLoop::clear_current();
  IOLoop& second = IOLoop::current();
  EXPECT_NE(&first, &second);
  EXPECT_EQ(first.run_sync([] { return 1; }), 1);
  IOLoop::clear_current();
}

// IOL-02
TEST(LoopCurrent, instance_is_the_main_threads_loop_everywhere) {
  IOLoop loop;
  EXPECT_EQ(&IOLoop::instance(), &loop);
  IOLoop* seen = nullptr;
  std::thread([&] { seen = &IOLoop::instance(); }).join();
  EXPECT_EQ(seen, &loop);
  IOLoop::clear_current();
  bool refused = false;
  std::thread([&] {
    try {
      IOLoop::instance();
    } catch (const std::runtime_error&) {
      refused = true;
    }
  }).join();
  EXPECT_TRUE(refused);
}

// IOL-04
TEST_P(Loop, make_current_and_clear_current_bind_the_thread) {
  IOLoop other(options());
  EXPECT_EQ(&IOLoop::current(), &loop);
  other.make_current();
  EXPECT_EQ(&IOLoop::current(), &other);
  IOLoop::clear_current();
  EXPECT_EQ(IOLoop::current(false), nullptr);
}

// IOL-05
TEST_P(Loop, the_constructor_knows_three_ways) {
  EXPECT_EQ(IOLoop::current(false), &loop);
  IOLoop second(options());
  EXPECT_EQ(IOLoop::current(false), &loop);
  EXPECT_THROW(IOLoop third(options(MakeCurrent::kYes)), std::runtime_error);
  IOLoop::clear_current();
  IOLoop fourth(options(MakeCurrent::kNo));
  EXPECT_EQ(IOLoop::current(false), nullptr);
  IOLoop fifth(options(MakeCurrent::kYes));
  EXPECT_EQ(IOLoop::current(false), &fifth);
}

// IOL-04
TEST_P(Loop, a_running_loop_is_current_and_then_no_more) {
  IOLoop other(options());
  EXPECT_EQ(other.run_sync([] { return &IOLoop::current(); }), &other);
  EXPECT_EQ(&IOLoop::current(), &loop);
}

// ---- start and stop

// IOL-06
TEST_P(Loop, start_inside_start_is_refused) {
  loop.run_sync([&] {
    IOLoop other(options());
    EXPECT_THROW(loop.start(), std::runtime_error);
    EXPECT_THROW(other.start(), std::runtime_error);
  });
  EXPECT_FALSE(loop.running());
}

// IOL-06
TEST_P(Loop, a_stop_before_start_ends_the_next_start_only) {
  int calls = 0;
  loop.stop();
  loop.add_callback([&] { ++calls; });
  loop.start();
  EXPECT_EQ(calls, 0);
  turn();
  EXPECT_EQ(calls, 1);
}

// IOL-07
TEST_P(Loop, stop_lets_the_iteration_end) {
  int calls = 0;
  loop.add_callback([&] { loop.stop(); });
  loop.add_callback([&] { ++calls; });
  loop.start();
  EXPECT_EQ(calls, 1);
}

// IOL-07
TEST_P(Loop, stop_from_another_thread_wakes_a_sleeping_loop) {
  std::thread stopper([&] {
    while (!loop.running()) std::this_thread::yield();
    loop.stop();
  });
  loop.start();
  stopper.join();
  EXPECT_FALSE(loop.running());
}

// ---- run_sync

// IOL-08
TEST_P(Loop, run_sync_gives_the_result_or_the_exception) {
  EXPECT_EQ(loop.run_sync([] { return std::string("plain"); }), "plain");
  const auto coroutine = []() -> Future<int> {
    co_await gen::moment;
    co_return 4;
  };
  EXPECT_EQ(loop.run_sync(coroutine), 4);
  loop.run_sync([] {});
  EXPECT_THROW(loop.run_sync([]() -> int { throw std::range_error("plain"); }), std::range_error);
  const auto failing = []() -> Future<void> {
    co_await gen::moment;
    throw std::range_error("coroutine");
  };
  EXPECT_THROW(loop.run_sync(failing), std::range_error);
}

// IOL-08
TEST_P(Loop, run_sync_times_out_and_the_next_one_is_not_disturbed) {
  const auto forever = []() -> Future<void> {
    Future<void> never;
    co_await never;
  };
  try {
    loop.run_sync(forever, 0.001);
    ADD_FAILURE() << "no timeout";
  } catch (const ioloop::TimeoutError& error) {
    EXPECT_STREQ(error.what(), "Operation timed out after 0.001 seconds");
  }
  const auto two_turns = []() -> Future<int> {
    co_await gen::moment;
    co_await gen::moment;
    co_return 2;
  };
  EXPECT_EQ(loop.run_sync(two_turns), 2);
}

// IOL-08
TEST_P(Loop, run_sync_says_when_another_stopped_the_loop) {
  loop.call_later(0, [&] { loop.stop(); });
  EXPECT_THROW(loop.run_sync([] { return gen::sleep(3600); }), std::runtime_error);
  loop.stop();
  bool called = false;
  EXPECT_THROW(loop.run_sync([&] { called = true; }), std::runtime_error);
  turn();  // the function that came too late is dropped
  EXPECT_FALSE(called);
}

// IOL-08
TEST_P(Loop, run_sync_inside_the_loop_is_refused_and_leaves_nothing) {
  bool called = false;
  loop.run_sync([&]() -> Future<void> {
    EXPECT_THROW(loop.run_sync([&] { called = true; }, 0.0), std::runtime_error);
    co_await gen::sleep(0.002);
  });
  EXPECT_FALSE(called);
}

// IOL-08
TEST_P(Loop, a_coroutine_lambda_keeps_its_captures) {
  auto token = std::make_shared<int>(7);
  const auto weak = std::weak_ptr<int>(token);
  auto run = [token = std::move(token)]() -> Future<int> {
    co_await gen::moment;
    co_return *token;
  };
  EXPECT_EQ(loop.run_sync(std::move(run)), 7);
  turn();
  EXPECT_TRUE(weak.expired());
}

// ---- callbacks

// IOL-13
TEST_P(Loop, a_callback_added_by_a_callback_waits_for_the_next_iteration) {
  std::vector<std::string> order;
  loop.add_callback([&] {
    order.push_back("first");
    loop.add_callback([&] {
      order.push_back("third");
      loop.stop();
    });
  });
  loop.add_callback([&] { order.push_back("second"); });
  loop.start();
  EXPECT_THAT(order, ElementsAre("first", "second", "third"));
}

// IOL-13
TEST_P(Loop, callbacks_that_add_themselves_do_not_starve_timers_and_events) {
  test::Pipe pipe;
  pipe.fill();
  bool timer = false;
  bool event = false;
  struct Again {
    IOLoop& loop;
    bool& timer;
    bool& event;
    void operator()() const {
      if (timer && event) {
        loop.stop();
      } else {
        loop.add_callback(*this);
      }
    }
  };
  loop.add_handler(
      pipe.read_end,
      [&](int fd, std::uint32_t) {
        event = true;
        loop.remove_handler(fd);
      },
      IOLoop::READ);
  loop.call_later(0, [&] { timer = true; });
  loop.add_callback(Again{loop, timer, event});
  loop.start();
  EXPECT_TRUE(timer && event);
}

// IOL-13
TEST_P(Loop, arguments_travel_with_the_callback) {
  struct Adder {
    int sum = 0;
    void add(int a, std::unique_ptr<int> b) { sum += a + *b; }
  } adder;
  loop.add_callback(&Adder::add, &adder, 1, std::make_unique<int>(2));
  loop.add_callback([&](int a) { adder.sum += a; }, 10);
  turn();
  EXPECT_EQ(adder.sum, 13);
}

// IOL-13
TEST_P(Loop, a_closed_loop_takes_callbacks_and_timers_silently) {
  auto token = std::make_shared<int>();
  loop.close();
  loop.add_callback([token] {});
  loop.spawn_callback([token] {});
  const auto timer = loop.call_later(0, [token] {});
  EXPECT_FALSE(timer.pending());
  EXPECT_EQ(token.use_count(), 1);
}

// IOL-15 GEN-19
TEST_P(Loop, spawn_callback_keeps_a_coroutines_captures_and_logs_its_failure) {
  test::Logged logged;
  auto token = std::make_shared<std::string>("captured");
  std::string seen;
  loop.spawn_callback([&, token]() -> Future<void> {
    co_await gen::moment;
    seen = *token;
    throw std::runtime_error("late");
  });
  loop.spawn_callback([]() -> Future<void> {
    throw std::runtime_error("early");
    co_return;
  });
  const auto argument = [](IOLoop* stopped, std::string text) -> Future<void> {
    co_await gen::moment;
    co_await gen::moment;
    EXPECT_EQ(text, "argument");
    stopped->stop();
  };
  loop.spawn_callback(argument, &loop, std::string("argument"));
  loop.start();
  EXPECT_EQ(seen, "captured");
  EXPECT_EQ(token.use_count(), 1);
  EXPECT_THAT(logged.lines(),
              ElementsAre("tornado.application: Exception in callback: std::runtime_error: early",
                          "tornado.application: Exception in callback: std::runtime_error: late"));
}

// IOL-15
TEST_P(Loop, every_way_in_keeps_the_captures_of_a_coroutine) {
  auto token = std::make_shared<int>(1);
  int sum = 0;
  const auto make = [&sum, &token] {
    return [&sum, token]() -> Future<void> {
      co_await gen::moment;
      co_await gen::moment;
      sum += *token;
    };
  };
  loop.add_callback(make());
  loop.spawn_callback(make());
  loop.call_later(0, make());
  loop.call_at(loop.time(), make());
  Future<void> done;
  done.add_done_callback([&sum, token](Future<void>) -> Future<void> {
    co_await gen::moment;
    sum += *token;
  });
  done.set_result();
  ioloop::PeriodicCallback often(make(), 0.1);
  often.start();
  const auto wait = [&]() -> Future<void> {
    while (sum < 8) co_await gen::sleep(0.0005);
  };
  loop.run_sync(wait);
  often.stop();
  loop.close();
  EXPECT_EQ(token.use_count(), 2);  // this one, and the function in `often`
}

// IOL-16
TEST_P(Loop, add_future_calls_on_the_loop_never_inline) {
  std::vector<std::string> order;
  Future<int> future;
  loop.add_future(future, [&](Future<int> done) {
    order.push_back("called " + std::to_string(done.result()));
    loop.stop();
  });
  future.set_result(3);
  order.push_back("completed");
  loop.start();
  EXPECT_THAT(order, ElementsAre("completed", "called 3"));
}

// IOL-25
TEST_P(Loop, an_exception_in_a_callback_is_logged_and_the_loop_goes_on) {
  test::Logged logged;
  loop.add_callback([] { throw std::runtime_error("callback"); });
  loop.add_callback([] { throw 42; });
  loop.call_later(0, [] { throw std::runtime_error("timer"); });
  turn();
  turn();
  EXPECT_THAT(
      logged.lines(),
      ElementsAre("tornado.application: Exception in callback: std::runtime_error: callback",
                  "tornado.application: Exception in callback: int",
                  "tornado.application: Exception in callback: std::runtime_error: timer"));
}

// ---- descriptors

// IOL-10
TEST_P(Loop, masks_are_epolls) {
  EXPECT_EQ(IOLoop::NONE, 0U);
  EXPECT_EQ(IOLoop::READ, 0x001U);
  EXPECT_EQ(IOLoop::WRITE, 0x004U);
  EXPECT_EQ(IOLoop::ERROR, 0x018U);
}

// IOL-11
TEST_P(Loop, a_handler_gets_its_descriptor_and_events) {
  test::Pipe pipe;
  std::vector<std::uint32_t> seen;
  loop.add_handler(
      pipe.write_end,
      [&](int fd, std::uint32_t events) {
        EXPECT_EQ(fd, pipe.write_end);
        seen.push_back(events);
        loop.remove_handler(fd);
        loop.stop();
      },
      IOLoop::READ | IOLoop::WRITE);
  loop.start();
  EXPECT_THAT(seen, ElementsAre(IOLoop::WRITE));
}

// IOL-11
TEST_P(Loop, events_come_again_until_their_cause_is_gone) {
  test::Pipe pipe;
  pipe.fill();
  int calls = 0;
  loop.add_handler(
      pipe.read_end,
      [&](int, std::uint32_t) {
        if (++calls == 3) {
          pipe.drain();
          loop.call_later(0.002, [&] { loop.stop(); });
        }
      },
      IOLoop::READ);
  loop.start();
  EXPECT_EQ(calls, 3);
}

// IOL-11
TEST_P(Loop, wrong_descriptors_are_refused) {
  test::Pipe pipe;
  const auto ignore = [](int, std::uint32_t) {};
  loop.add_handler(pipe.read_end, ignore, IOLoop::READ);
  EXPECT_THROW(loop.add_handler(pipe.read_end, ignore, IOLoop::READ), std::invalid_argument);
  EXPECT_THAT([&] { loop.add_handler(-1, ignore, IOLoop::READ); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("the descriptor is -1")));
  EXPECT_THROW(loop.add_handler(1 << 30, ignore, IOLoop::READ), std::system_error);
  EXPECT_THROW(loop.update_handler(pipe.write_end, IOLoop::READ), std::invalid_argument);
  EXPECT_THROW(loop.update_handler(-1, IOLoop::READ), std::invalid_argument);
}

// IOL-11
TEST_P(Loop, error_is_reported_unasked) {
  test::Pipe pipe;
  std::uint32_t seen = 0;
  loop.add_handler(
      pipe.read_end,
      [&](int fd, std::uint32_t events) {
        seen = events;
        loop.remove_handler(fd);
        loop.stop();
      },
      IOLoop::NONE);
  ::close(std::exchange(pipe.write_end, -1));
  loop.start();
  EXPECT_NE(seen & IOLoop::ERROR, 0U);
}

// IOL-11
TEST_P(Loop, an_exception_in_a_handler_is_logged_and_the_handler_stays) {
  test::Logged logged;
  test::Pipe pipe;
  pipe.fill();
  int calls = 0;
  loop.add_handler(
      pipe.read_end,
      [&](int, std::uint32_t) {
        if (++calls == 2) loop.stop();
        throw std::runtime_error("handler");
      },
      IOLoop::READ);
  loop.start();
  EXPECT_EQ(logged.lines(),
            std::vector<std::string>(
                2, "tornado.application: Exception in callback: std::runtime_error: handler"));
}

// IOL-12
TEST_P(Loop, update_changes_what_is_listened_for) {
  test::Pipe pipe;
  pipe.fill();
  int calls = 0;
  loop.add_handler(pipe.read_end, [&](int, std::uint32_t) { ++calls; }, IOLoop::NONE);
  turn();
  turn();
  EXPECT_EQ(calls, 0);
  loop.update_handler(pipe.read_end, IOLoop::READ);
  turn();
  EXPECT_EQ(calls, 1);
  loop.update_handler(pipe.read_end, IOLoop::NONE);
  turn();
  EXPECT_EQ(calls, 1);
}

// IOL-12
TEST_P(Loop, removing_what_is_not_there_is_silent) {
  test::Pipe pipe;
  loop.remove_handler(pipe.read_end);
  loop.remove_handler(-1);
  loop.remove_handler(1 << 30);
  loop.add_handler(pipe.read_end, [](int, std::uint32_t) {}, IOLoop::READ);
  loop.remove_handler(pipe.read_end);
  loop.remove_handler(pipe.read_end);
  loop.add_handler(pipe.read_end, [](int, std::uint32_t) {}, IOLoop::READ);
}

// IOL-12
TEST_P(Loop, a_handler_removed_in_its_own_batch_does_not_run) {
  test::Pipe one;
  test::Pipe two;
  one.fill();
  two.fill();
  int calls = 0;
  const auto handler = [&](int fd, std::uint32_t) {
    ++calls;
    loop.remove_handler(fd == one.read_end ? two.read_end : one.read_end);
  };
  loop.add_handler(one.read_end, handler, IOLoop::READ);
  loop.add_handler(two.read_end, handler, IOLoop::READ);
  turn();
  EXPECT_EQ(calls, 1);
}

// IOL-12
TEST_P(Loop, a_handler_may_remove_itself_and_go_on) {
  test::Pipe pipe;
  pipe.fill();
  auto token = std::make_shared<std::string>("still here");
  std::string seen;
  loop.add_handler(
      pipe.read_end,
      [&, token](int fd, std::uint32_t) {
        loop.remove_handler(fd);
        seen = *token;
      },
      IOLoop::READ);
  EXPECT_EQ(token.use_count(), 2);
  turn();
  EXPECT_EQ(seen, "still here");
  EXPECT_EQ(token.use_count(), 1);
}

// IOL-12
TEST_P(Loop, a_new_handler_does_not_get_the_events_of_the_old_descriptor) {
  test::Pipe one;
  test::Pipe two;
  one.fill();
  two.fill();
  int stale = 0;
  // The handler that runs first closes the other's descriptor and opens a quiet one with its
  // number.
  const auto handler = [&](int fd, std::uint32_t) {
    loop.remove_handler(fd);
    test::Pipe& other = fd == one.read_end ? two : one;
    const int number = other.read_end;
    loop.remove_handler(number);
    test::Pipe quiet;
    ASSERT_EQ(::dup2(quiet.read_end, number), number);
    std::swap(other.write_end, quiet.write_end);
    loop.add_handler(number, [&](int, std::uint32_t) { ++stale; }, IOLoop::READ);
  };
  loop.add_handler(one.read_end, handler, IOLoop::READ);
  loop.add_handler(two.read_end, handler, IOLoop::READ);
  turn();
  turn();
  EXPECT_EQ(stale, 0);
}

// IOL-12
TEST_P(Loop, handlers_may_be_added_in_a_handler) {
  std::vector<std::unique_ptr<test::Pipe>> pipes;
  test::Pipe first;
  first.fill();
  int calls = 0;
  loop.add_handler(
      first.read_end,
      [&](int fd, std::uint32_t) {
        loop.remove_handler(fd);
        for (int i = 0; i < 100; ++i) {
          auto& pipe = pipes.emplace_back(std::make_unique<test::Pipe>());
          pipe->fill();
          loop.add_handler(
              pipe->read_end,
              [&](int added, std::uint32_t) {
                loop.remove_handler(added);
                if (++calls == 100) loop.stop();
              },
              IOLoop::READ);
        }
      },
      IOLoop::READ);
  loop.start();
  EXPECT_EQ(calls, 100);
}

// IOL-12
TEST_P(Loop, more_events_than_one_batch_holds_are_all_served) {
  constexpr int kPipes = IOLoop::kMaxEvents + 100;
  std::vector<std::unique_ptr<test::Pipe>> pipes;
  std::vector<int> calls(kPipes);
  int served = 0;
  for (int i = 0; i < kPipes; ++i) {
    pipes.push_back(std::make_unique<test::Pipe>());
    // Left readable: the first ones must not starve the last.
    pipes.back()->fill();
    loop.add_handler(
        pipes.back()->read_end,
        [&, i](int, std::uint32_t) {
          if (++calls[static_cast<std::size_t>(i)] == 1 && ++served == kPipes) loop.stop();
        },
        IOLoop::READ);
  }
  loop.start();
  EXPECT_EQ(served, kPipes);
}

TEST(LoopPoll, a_descriptor_closed_behind_our_back_is_forgotten) {
  ioloop::IOLoopOptions options;
  options.poller = "poll";
  IOLoop loop(options);
  test::Pipe closed;
  test::Pipe open;
  int calls = 0;
  loop.add_handler(closed.read_end, [&](int, std::uint32_t) { ++calls; }, IOLoop::READ);
  loop.add_handler(open.read_end, [&](int, std::uint32_t) { calls += 100; }, IOLoop::READ);
  ::close(closed.read_end);
  const auto stop = [&] { loop.stop(); };
  loop.add_callback(stop);
  loop.start();
  EXPECT_THROW(loop.update_handler(closed.read_end, IOLoop::READ), std::system_error);
  loop.remove_handler(std::exchange(closed.read_end, -1));
  open.fill();
  loop.add_callback(stop);
  loop.start();
  EXPECT_EQ(calls, 100);
}

// ---- threads

TEST_P(Loop, a_running_loop_used_from_another_thread_says_so) {
  test::Pipe pipe;
  int refused = 0;
  std::thread other([&] {
    while (!loop.running()) std::this_thread::yield();
    const auto refuses = [&](auto call) {
      try {
        call();
      } catch (const std::logic_error&) {
        ++refused;
      }
    };
    const auto ignore = [](int, std::uint32_t) {};
    refuses([&] { loop.call_later(0, [] {}); });
    refuses([&] { loop.add_handler(pipe.read_end, ignore, IOLoop::READ); });
    refuses([&] { loop.update_handler(pipe.read_end, IOLoop::READ); });
    refuses([&] { loop.remove_handler(pipe.read_end); });
    refuses([&] { loop.remove_signal_handler(SIGUSR1); });
    loop.stop();
  });
  loop.start();
  other.join();
  EXPECT_EQ(refused, 5);
}

TEST_P(Loop, start_stop_start_a_hundred_times_leaks_nothing) {
  const int before = test::open_descriptors();
  auto token = std::make_shared<int>();
  for (int i = 0; i < 100; ++i) {
    IOLoop again(options());
    again.make_current();
    test::Pipe pipe;
    again.add_handler(pipe.read_end, [token](int, std::uint32_t) {}, IOLoop::READ);
    again.spawn_callback([token]() -> Future<void> { co_await gen::sleep(3600); });
    for (int round = 0; round < 3; ++round) {
      const auto work = [token]() -> Future<int> {
        co_await gen::moment;
        co_return 1;
      };
      EXPECT_EQ(again.run_sync(work), 1);
    }
  }
  EXPECT_EQ(token.use_count(), 1);
  EXPECT_EQ(test::open_descriptors(), before);
}

}  // namespace
}  // namespace tornado
