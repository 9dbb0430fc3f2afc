#include <gtest/gtest.h>
#include <tornado/concurrent.h>
#include <tornado/gen.h>
#include <tornado/ioloop.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "loop_test_util.h"

namespace tornado {
namespace {

using ioloop::IOLoop;

Future<int> one() {
  co_return 1;
}

Future<int> after_moment(int value) {
  co_await gen::moment;
  co_return value;
}

// GEN-02
// GEN-17
TEST(Future, a_coroutine_runs_to_its_first_wait_at_the_call) {
  IOLoop loop;
  std::vector<std::string> order;
  Future<void> gate;
  auto run = [](std::vector<std::string>& log, Future<void> wait) -> Future<void> {
    log.push_back("started");
    co_await wait;
    log.push_back("resumed");
  };
  auto future = run(order, gate);
  order.push_back("returned");
  gate.set_result();
  order.push_back("completed");
  loop.run_sync([&] { return future; });
  EXPECT_EQ(order, (std::vector<std::string>{"started", "returned", "completed", "resumed"}));
}

// CON-01
TEST(Future, result_and_states) {
  IOLoop loop;
  Future<std::string> future;
  EXPECT_FALSE(future.done());
  EXPECT_THROW(future.result(), concurrent::InvalidStateError);
  future.set_result("x");
  EXPECT_TRUE(future.done());
  EXPECT_EQ(future.result(), "x");
  EXPECT_THROW(future.set_result("y"), concurrent::InvalidStateError);
}

TEST(Future, moves_a_result_nobody_else_can_ask_for) {
  IOLoop loop;
  auto make = []() -> Future<std::unique_ptr<int>> {
    co_await gen::moment;
    co_return std::make_unique<int>(7);
  };
  auto take = [&]() -> Future<int> {
    auto value = co_await make();
    co_return *value;
  };
  EXPECT_EQ(loop.run_sync(take), 7);
}

// GEN-18
struct alignas(64) Row {
  char bytes[64] = {};
};

TEST(Future, keeps_the_alignment_of_its_value) {
  std::vector<Future<Row>> futures(8);
  for (const auto& future : futures) {
    future.set_result(Row());
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(&future.result()) % alignof(Row), 0U);
  }
}

TEST(Future, a_million_ready_awaits_neither_recurse_nor_hang) {
  IOLoop loop;
  auto sum = []() -> Future<long> {
    long total = 0;
    for (int i = 0; i < 1'000'000; ++i) total += co_await one();
    co_return total;
  };
  EXPECT_EQ(loop.run_sync(sum), 1'000'000);
}

Future<int> nested(int depth) {
  if (depth == 0) co_return co_await after_moment(0);
  co_return 1 + co_await nested(depth - 1);
}

TEST(Future, a_thousand_coroutines_deep) {
  IOLoop loop;
  EXPECT_EQ(loop.run_sync([] { return nested(1000); }), 1000);
}

// GEN-04
TEST(Future, multi_gives_tuple_vector_map) {
  IOLoop loop;
  auto run = []() -> Future<std::string> {
    auto [a, b] = co_await gen::multi(one(), after_moment(2));
    std::vector<Future<int>> children{after_moment(3), one()};
    auto list = co_await children;
    co_return std::to_string(a) + std::to_string(b) + std::to_string(list[0]) +
        std::to_string(list[1]);
  };
  EXPECT_EQ(loop.run_sync(run), "1231");
}

// ---- states

// CON-01
TEST(Future, what_a_pending_future_refuses) {
  IOLoop loop;
  Future<int> future;
  EXPECT_FALSE(future.done());
  EXPECT_FALSE(future.cancelled());
  EXPECT_THROW(future.result(), concurrent::InvalidStateError);
  EXPECT_THROW(future.exception(), concurrent::InvalidStateError);
  EXPECT_THROW(future.set_exception(std::exception_ptr()), std::invalid_argument);
  EXPECT_FALSE(future.done());
}

// CON-01 CON-03
TEST(Future, an_exception_is_kept_and_thrown_each_time) {
  IOLoop loop;
  Future<int> future;
  future.set_exception(std::range_error("kept"));
  EXPECT_TRUE(future.done());
  EXPECT_NE(future.exception(), nullptr);
  EXPECT_THROW(future.result(), std::range_error);
  EXPECT_THROW(future.result(), std::range_error);
  EXPECT_THROW(future.set_result(1), concurrent::InvalidStateError);
  EXPECT_THROW(future.set_exception(std::range_error("again")), concurrent::InvalidStateError);
  Future<std::string> other;
  other.set_exception(future.exception());
  EXPECT_EQ(other.exception(), future.exception()) << "the same object, whatever was thrown";
}

// CON-01
TEST(Future, cancel_completes_a_pending_future) {
  IOLoop loop;
  Future<int> future;
  EXPECT_TRUE(future.cancel());
  EXPECT_TRUE(future.done());
  EXPECT_TRUE(future.cancelled());
  EXPECT_THROW(future.result(), concurrent::CancelledError);
  EXPECT_FALSE(future.cancel());
  const auto wait = [future]() -> Future<void> { co_await future; };
  EXPECT_THROW(loop.run_sync(wait), concurrent::CancelledError);
}

// CON-01
TEST(Future, the_exception_of_a_coroutine_whose_future_was_completed_is_logged) {
  test::Logged logged;
  IOLoop loop;
  const auto run = []() -> Future<int> {
    co_await gen::moment;
    throw std::runtime_error("lost");
  };
  loop.run_sync([&]() -> Future<void> {
    auto future = run();
    future.set_result(1);
    co_await gen::moment;
    co_await gen::moment;
    EXPECT_EQ(future.result(), 1);
  });
  EXPECT_EQ(logged.lines(),
            (std::vector<std::string>{"tornado.application: Exception after Future was done: "
                                      "std::runtime_error: lost"}));
}

// CON-01
TEST(Future, a_result_whose_constructor_throws_leaves_the_future_pending) {
  struct Stubborn {
    explicit Stubborn(int) { throw std::range_error("stubborn"); }
  };
  IOLoop loop;
  Future<Stubborn> future;
  EXPECT_THROW(future.set_result(1), std::range_error);
  EXPECT_FALSE(future.done());
  const auto run = []() -> Future<Stubborn> { co_return 1; };
  EXPECT_THROW(run().result(), std::range_error);
}

// CON-01
TEST(Future, done_callbacks_run_on_the_loop_in_the_order_added) {
  IOLoop loop;
  std::vector<std::string> order;
  Future<int> future;
  for (int i = 0; i < 3; ++i) {
    future.add_done_callback(
        [&, i](Future<int> done) { order.push_back(std::to_string(i + done.result())); });
  }
  future.set_result(10);
  future.add_done_callback([&](const Future<int>&) {
    order.push_back("late");
    loop.stop();
  });
  order.push_back("completed");
  loop.start();
  EXPECT_EQ(order, (std::vector<std::string>{"completed", "10", "11", "12", "late"}));
}

// CON-01
TEST(Future, a_future_that_never_completes_frees_its_callbacks) {
  IOLoop loop;
  auto token = std::make_shared<int>();
  {
    Future<int> future;
    future.add_done_callback([token](Future<int>) {});
    EXPECT_EQ(token.use_count(), 2);
  }
  EXPECT_EQ(token.use_count(), 1);
}

// CON-02
TEST(Future, an_exception_nobody_looked_at_is_logged) {
  test::Logged logged;
  IOLoop loop;
  const auto fail = []() -> Future<void> {
    throw std::runtime_error("unseen");
    co_return;
  };
  static_cast<void>(fail());
  EXPECT_EQ(logged.lines(),
            (std::vector<std::string>{"tornado.application: Future exception was never retrieved: "
                                      "std::runtime_error: unseen"}));
  fail().exception();
  EXPECT_THROW(fail().result(), std::runtime_error);
  EXPECT_THROW(loop.run_sync(fail), std::runtime_error);
  Future<int>().cancel();
  EXPECT_EQ(logged.lines().size(), 1U);
}

// ---- awaiting

// GEN-03
TEST(Future, several_coroutines_await_the_same_future) {
  IOLoop loop;
  Future<std::string> shared;
  std::vector<std::string> seen;
  const auto wait = [&](Future<std::string> future) -> Future<void> {
    seen.push_back(co_await future);
  };
  const auto run = [&]() -> Future<void> {
    std::vector<Future<void>> all;
    for (int i = 0; i < 3; ++i) all.push_back(wait(shared));
    shared.set_result("for all of them, and long enough to live on the heap");
    EXPECT_TRUE(seen.empty()) << "completing ran somebody's code";
    co_await all;
  };
  loop.run_sync(run);
  EXPECT_EQ(seen, std::vector<std::string>(3, shared.result()));
}

// GEN-03
TEST(Future, a_result_that_cannot_be_copied_is_there_for_the_first) {
  IOLoop loop;
  Future<std::unique_ptr<int>> future;
  future.set_result(std::make_unique<int>(1));
  const auto take = [future]() -> Future<int> {
    auto mine = co_await future;
    co_return *mine;
  };
  EXPECT_EQ(loop.run_sync(take), 1);
  EXPECT_THROW(loop.run_sync(take), concurrent::InvalidStateError);
}

// GEN-01
TEST(Future, an_exception_before_the_first_wait_is_in_the_future) {
  IOLoop loop;
  const auto fail = []() -> Future<int> {
    throw std::range_error("early");
    co_return 1;
  };
  auto future = fail();
  EXPECT_TRUE(future.done());
  EXPECT_THROW(future.result(), std::range_error);
}

TEST(Future, a_producer_that_is_always_ready_does_not_starve_the_loop) {
  IOLoop loop;
  bool served = false;
  long rounds = 0;
  const auto greedy = [&]() -> Future<void> {
    while (!served) {
      co_await one();
      ++rounds;
    }
  };
  loop.add_callback([&] { loop.add_callback([&] { served = true; }); });
  loop.run_sync(greedy);
  EXPECT_LE(rounds, 3 * core::kAwaitBudget);
}

TEST(Future, a_coroutine_goes_on_on_the_loop_where_it_waited) {
  IOLoop first;
  IOLoop second;
  Future<void> gate;
  IOLoop* resumed_on = nullptr;
  first.spawn_callback([&]() -> Future<void> {
    first.stop();
    co_await gate;
    resumed_on = &IOLoop::current();
    first.stop();
  });
  first.start();
  second.run_sync([&] { gate.set_result(); });
  EXPECT_EQ(resumed_on, nullptr);
  first.start();
  EXPECT_EQ(resumed_on, &first);
}

TEST(Future, coroutines_may_start_before_the_loop_does) {
  IOLoop loop;
  const auto count = []() -> Future<int> {
    int sum = 0;
    for (int i = 0; i < 1000; ++i) sum += co_await one();
    co_return sum;
  };
  auto started = count();
  EXPECT_EQ(loop.run_sync([&] { return started; }), 1000);
}

}  // namespace
}  // namespace tornado
