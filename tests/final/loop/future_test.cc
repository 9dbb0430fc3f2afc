#include <gtest/gtest.h>
#include <tornado/concurrent.h>
#include <tornado/gen.h>
#include <tornado/ioloop.h>

#include <memory>
#include <string>
#include <vector>

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

TEST(Future, GEN17_a_coroutine_runs_to_its_first_wait_at_the_call) {
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

TEST(Future, CON01_result_and_states) {
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

TEST(Gen, GEN04_multi_gives_tuple_vector_map) {
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

TEST(Loop, an_endless_coroutine_is_freed_with_its_loop) {
  auto token = std::make_shared<int>(1);
  {
    ioloop::VirtualClock clock;
    ioloop::IOLoopOptions options;
    options.clock = &clock;
    IOLoop loop(options);
    loop.spawn_callback([token]() -> Future<void> {
      for (;;) co_await gen::sleep(1);
    });
    loop.call_later(3600, [&] { loop.stop(); });
    loop.start();
  }
  EXPECT_EQ(token.use_count(), 1);
}

TEST(Loop, CON06_executor_result_comes_home) {
  IOLoop loop;
  auto run = [&]() -> Future<int> {
    int total = 0;
    for (int i = 0; i < 100; ++i)
      total += co_await loop.run_in_executor(nullptr, [](int x) { return x * 2; }, i);
    co_return total;
  };
  EXPECT_EQ(loop.run_sync(run), 9900);
}

}  // namespace
}  // namespace tornado
