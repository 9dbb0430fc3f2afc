// IOL-09: what a closing loop frees, in every state that it can be in.
#include <signal.h>

#include <chrono>
#include <functional>

#include "loop_test_util.h"

namespace tornado {
namespace {

using ioloop::IOLoop;
using ioloop::PeriodicCallback;
using Token = std::shared_ptr<int>;

class Close : public ::testing::TestWithParam<std::string> {
 protected:
  Close() {
    ioloop::IOLoopOptions options;
    options.poller = GetParam();
    before = test::open_descriptors();
    loop.emplace(options);
  }
  // Runs the loop for one round, so that what was added is in progress, and closes it.
  void run_and_close() {
    loop->add_callback([this] { loop->stop(); });
    loop->start();
    EXPECT_GT(token.use_count(), 1);
    loop.reset();
    EXPECT_EQ(token.use_count(), 1) << "something was not freed";
    EXPECT_EQ(test::open_descriptors(), before);
  }

  int before = 0;
  std::optional<IOLoop> loop;
  Token token = std::make_shared<int>();
};

INSTANTIATE_TEST_SUITE_P(Pollers, Close, test::pollers(),
                         [](const auto& poller) { return poller.param; });

Future<void> hold(Token) {
  Future<void> never;
  co_await never;
}

// IOL-09
TEST_P(Close, a_running_loop_cannot_be_closed) {
  loop->run_sync([&] { EXPECT_THROW(loop->close(), std::logic_error); });
  loop->close();
  loop->close();
  EXPECT_THROW(loop->start(), std::runtime_error);
  EXPECT_THROW(loop->run_sync([] {}), std::runtime_error);
  EXPECT_THROW(loop->add_handler(0, [](int, std::uint32_t) {}, IOLoop::READ), std::runtime_error);
  EXPECT_THROW(loop->add_signal_handler(10, [](int) {}), std::runtime_error);
}

// IOL-09
TEST_P(Close, all_fds_closes_the_registered_descriptors) {
  test::Pipe pipe;
  loop->add_handler(pipe.read_end, [](int, std::uint32_t) {}, IOLoop::READ);
  loop->close(true);
  EXPECT_EQ(::fcntl(pipe.read_end, F_GETFD), -1);
  EXPECT_NE(::fcntl(pipe.write_end, F_GETFD), -1);
  pipe.read_end = -1;
}

TEST_P(Close, frees_a_frame_that_waits) {
  loop->spawn_callback(hold, token);
  run_and_close();
}

TEST_P(Close, frees_a_frame_whose_future_is_held_outside) {
  const auto wait = [](Token, Future<void> gate) -> Future<void> { co_await gate; };
  Future<void> gate;
  const auto kept = wait(token, gate);
  run_and_close();
  EXPECT_FALSE(kept.done());
  gate.set_result();  // nobody is waiting any more
}

TEST_P(Close, frees_frames_that_wait_for_each_other) {
  const auto outer = [](Token held) -> Future<void> { co_await hold(held); };
  const auto outermost = [outer](Token held) -> Future<void> { co_await outer(held); };
  loop->spawn_callback(outermost, token);
  run_and_close();
}

TEST_P(Close, frees_frames_that_sleep_or_are_queued_to_resume) {
  loop->spawn_callback([](Token) -> Future<void> { co_await gen::sleep(3600); }, token);
  loop->spawn_callback(
      [](Token) -> Future<void> {
        for (;;) co_await gen::moment;
      },
      token);
  run_and_close();
}

TEST_P(Close, frees_a_frame_whose_future_completed_after_stop) {
  Future<void> gate;
  const auto wait = [](Token, Future<void> until) -> Future<void> { co_await until; };
  loop->spawn_callback(wait, token, gate);
  loop->add_callback([&] { loop->stop(); });
  loop->start();
  gate.set_result();
  EXPECT_EQ(token.use_count(), 2);
  loop.reset();
  EXPECT_EQ(token.use_count(), 1);
}

TEST_P(Close, frees_multi_with_timeout_and_done_callbacks) {
  loop->spawn_callback(
      [](Token held) -> Future<void> { co_await gen::multi(hold(held), hold(held)); }, token);
  loop->spawn_callback(
      [](Token held) -> Future<void> {
        std::vector<Future<void>> all{hold(held), hold(held)};
        co_await all;
      },
      token);
  loop->spawn_callback(
      [](Token held) -> Future<void> {
        co_await gen::with_timeout(IOLoop::current().time() + 3600, hold(held));
      },
      token);
  loop->add_callback([this] { hold(token).add_done_callback([held = token](Future<void>) {}); });
  run_and_close();
}

TEST_P(Close, frees_handlers_timers_callbacks_signals_and_periodic_callbacks) {
  test::Pipe pipe;
  before += 2;
  loop->add_handler(pipe.read_end, [held = token](int, std::uint32_t) {}, IOLoop::READ);
  loop->call_later(3600, [held = token] {});
  loop->add_signal_handler(SIGUSR1, [held = token](int) {});
  PeriodicCallback often([this] { gen::spawn(hold(token)); }, 0.01);
  often.start();
  loop->add_callback([this] { loop->add_callback([held = token] { ADD_FAILURE(); }); });
  run_and_close();
}

TEST_P(Close, frees_a_run_sync_that_timed_out) {
  EXPECT_THROW(loop->run_sync([this] { return hold(token); }, 0.0005), ioloop::TimeoutError);
  EXPECT_GT(token.use_count(), 1);
  loop.reset();
  EXPECT_EQ(token.use_count(), 1);
  EXPECT_EQ(test::open_descriptors(), before);
}

TEST_P(Close, frees_a_frame_that_was_cancelled_and_one_that_undoes_itself) {
  const auto unwinds = [](Token held) -> Future<void> {
    try {
      co_await hold(held);
    } catch (const concurrent::CancelledError&) {
    }
    co_await hold(held);
  };
  std::vector<Future<void>> all{unwinds(token), hold(token), gen::sleep(3600)};
  std::vector<Future<void>> more{gen::multi(all), gen::multi(all)};
  more.push_back(gen::with_deadline(loop->time() + 3600, hold(token)));
  more.push_back(gen::with_timeout(loop->time() + 3600, hold(token)));
  loop->add_callback([this] { loop->stop(); });
  all[0].cancel();
  loop->start();
  for (const auto& one : more) one.cancel();
  loop.reset();
  EXPECT_EQ(token.use_count(), 1);
}

// ---- destructors that are not idle

struct AtEnd {
  explicit AtEnd(std::function<void()> what) : action(std::move(what)) {}
  AtEnd(const AtEnd&) = delete;
  AtEnd& operator=(const AtEnd&) = delete;
  ~AtEnd() { action(); }
  std::function<void()> action;
};

TEST_P(Close, a_frames_destructor_may_complete_what_other_frames_wait_for) {
  Future<void> gate;
  const auto wait = [](Token, Future<void> until) -> Future<void> {
    co_await until;
    ADD_FAILURE() << "resumed by a closing loop";
  };
  const auto complete = [](Token held, Future<void> until) -> Future<void> {
    const AtEnd at_end([until] { until.set_result(); });
    co_await hold(held);
  };
  loop->spawn_callback(wait, token, gate);
  loop->spawn_callback(complete, token, gate);
  loop->spawn_callback(wait, token, gate);
  bool called = false;
  gate.add_done_callback([&, held = token](Future<void>) { called = true; });
  run_and_close();
  EXPECT_FALSE(called);
  EXPECT_TRUE(gate.done());
}

TEST_P(Close, a_frames_destructor_may_start_coroutines_timers_and_callbacks) {
  test::Logged logged;
  const auto busy = [](Token held) -> Future<void> {
    const AtEnd at_end([held] {
      IOLoop& closing = IOLoop::current();
      static_cast<void>(hold(held));  // fails: it could never be resumed
      static_cast<void>(gen::sleep(1));
      closing.call_later(1, [held] { ADD_FAILURE(); });
      closing.add_callback([held] { ADD_FAILURE(); });
      closing.spawn_callback(hold, held);
    });
    co_await hold(held);
  };
  loop->spawn_callback(busy, token);
  run_and_close();
  EXPECT_THAT(logged.lines(),
              ::testing::ElementsAre("tornado.application: Future exception was never retrieved: "
                                     "std::runtime_error: cannot wait: the IOLoop is closed"));
}

TEST_P(Close, captures_of_handlers_timers_and_callbacks_may_be_busy_too) {
  test::Pipe one;
  test::Pipe two;
  before += 4;
  auto at_end = std::make_shared<AtEnd>([this, &two] {
    loop->remove_handler(two.read_end);
    loop->call_later(1, [held = token] { ADD_FAILURE(); });
    loop->add_callback([held = token] { ADD_FAILURE(); });
  });
  loop->add_handler(one.read_end, [held = token, at_end](int, std::uint32_t) {}, IOLoop::READ);
  loop->add_handler(two.read_end, [held = token](int, std::uint32_t) {}, IOLoop::READ);
  loop->call_later(3600, [at_end] {});
  at_end.reset();
  loop->add_callback([this] { loop->stop(); });
  loop->start();
  loop->close();
  EXPECT_EQ(token.use_count(), 1);
}

TEST_P(Close, a_coroutine_on_a_closed_loop_ends_at_its_first_wait) {
  loop->close();
  const auto started = hold(token);
  EXPECT_TRUE(started.done());
  EXPECT_THROW(started.result(), std::runtime_error);
  EXPECT_EQ(token.use_count(), 1);
}

TEST_P(Close, a_loop_may_be_closed_inside_another_that_runs) {
  auto other = std::make_unique<IOLoop>();
  other->spawn_callback(hold, token);
  other->call_later(3600, [held = token] {});
  test::Pipe pipe;
  other->add_handler(pipe.read_end, [held = token](int, std::uint32_t) {}, IOLoop::READ);
  other->add_callback([&] { other->stop(); });
  other->start();
  const auto run = [&]() -> Future<void> {
    other.reset();
    co_await gen::moment;
    co_await gen::moment;
  };
  loop->run_sync(run);
  EXPECT_EQ(token.use_count(), 1);
}

// ---- the order

// Returns which frame is freed first: the outer one that waits, or the inner one, which it waits
// for with `wait` and which refers to it.
template <class Wait>
std::vector<std::string> freed(const std::string& poller, Wait wait) {
  ioloop::IOLoopOptions options;
  options.poller = poller;
  IOLoop own(options);
  std::vector<std::string> names;
  const auto outer = [&]() -> Future<void> {
    const std::string name = "a name that is long enough to be on the heap";
    const AtEnd at_end([&] { names.push_back("outer"); });
    const auto inner = [&]() -> Future<void> {
      const AtEnd at_inner_end([&] { names.push_back("inner of " + name); });
      co_await gen::moment;  // so it began to wait later than the outer one
      co_await gen::moment;
      own.stop();
      co_await gen::sleep(3600);
    };
    auto waiting = wait(inner);
    co_await waiting;
  };
  own.spawn_callback(outer);
  own.start();
  own.close();
  return names;
}

// IOL-09
TEST_P(Close, what_another_frame_waits_for_is_freed_before_it) {
  const std::vector<std::string> inner_first{
      "inner of a name that is long enough to be on the heap", "outer"};
  EXPECT_EQ(freed(GetParam(), [](const auto& inner) { return inner(); }), inner_first);
  EXPECT_EQ(freed(GetParam(), [](const auto& inner) { return gen::multi(gen::sleep(1), inner()); }),
            inner_first);
  EXPECT_EQ(
      freed(GetParam(),
            [](const auto& inner) { return gen::with_timeout(std::chrono::hours(1), inner()); }),
      inner_first);
  EXPECT_EQ(
      freed(GetParam(),
            [](const auto& inner) { return gen::with_deadline(std::chrono::hours(1), inner); }),
      inner_first);
}

TEST_P(Close, a_coroutine_that_waits_until_its_deadline_has_its_captures_to_the_end) {
  std::string seen;
  const auto work = [&, text = std::string("a text that is long enough to be on the heap"),
                     held = token]() -> Future<void> {
    const AtEnd at_end([&] { seen = text; });
    co_await gen::moment;
    co_await gen::sleep(3600);
  };
  loop->spawn_callback([work]() -> Future<void> {
    auto timed = gen::with_deadline(IOLoop::current().time() + 3600, work);
    co_await timed;
  });
  loop->add_callback([this] { loop->add_callback([this] { loop->stop(); }); });
  loop->start();
  loop->close();
  EXPECT_EQ(seen, "a text that is long enough to be on the heap");
}

TEST_P(Close, frees_five_thousand_frames_that_wait_for_each_other_innermost_first) {
  constexpr int kDepth = 5000;
  std::vector<int> depths;
  const std::function<Future<void>(int)> nest = [&](int depth) -> Future<void> {
    const AtEnd at_end([&depths, depth] { depths.push_back(depth); });
    co_await gen::moment;  // so the outermost began to wait first
    if (depth == kDepth) {
      loop->stop();
      co_await gen::sleep(3600);
    }
    auto next = nest(depth + 1);
    co_await next;
  };
  loop->spawn_callback(nest, 1);
  loop->start();
  loop->close();
  ASSERT_EQ(depths.size(), std::size_t{kDepth});
  for (int i = 0; i < kDepth; ++i) ASSERT_EQ(depths[static_cast<std::size_t>(i)], kDepth - i);
}

TEST_P(Close, frees_frames_that_wait_in_a_circle) {
  using Slot = std::optional<Future<void>>;
  const auto wait = [](Token, const Slot* slot) -> Future<void> {
    co_await gen::moment;
    co_await **slot;
  };
  Slot itself;
  Slot first;
  Slot second;
  Slot third;
  const auto one = wait(token, &itself);  // these two began to wait earlier, for a cycle
  const auto other = wait(token, &second);
  itself = wait(token, &itself);
  first = wait(token, &second);
  second = wait(token, &third);
  third = wait(token, &first);
  EXPECT_EQ(token.use_count(), 7);
  run_and_close();
}

TEST_P(Close, leaves_alone_what_waits_on_another_loop) {
  IOLoop other;
  std::optional<Future<void>> inner;
  other.add_callback([&] {
    inner = hold(token);
    other.stop();
  });
  other.start();
  loop->spawn_callback([&]() -> Future<void> { co_await *inner; });
  loop->add_callback([this] { loop->stop(); });
  loop->start();
  loop->close();
  EXPECT_EQ(token.use_count(), 2) << "a frame of another loop was freed";
  other.close();
  EXPECT_EQ(token.use_count(), 1);
}

}  // namespace
}  // namespace tornado
