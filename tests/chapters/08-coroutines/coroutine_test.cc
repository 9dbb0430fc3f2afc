#include "08-coroutines/coroutine.h"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "../04-iostream/stream_pair.h"
#include "08-coroutines/gen.h"

namespace mini {
namespace {

Future<int> add(Future<int> a, Future<int> b) {
  const int first = co_await a;
  const int second = co_await b;
  co_return first + second;
}

TEST(Coroutine, runs_at_once_until_it_has_to_wait) {
  IOLoop loop;
  std::string order;
  const Future<void> gate;
  const auto coroutine = [&]() -> Future<void> {
    order += "a";
    co_await gate;
    order += "c";
  };
  const Future<void> done = coroutine();
  order += "b";
  EXPECT_EQ(order, "ab");
  gate.set_result();
  EXPECT_EQ(order, "ab");  // the loop resumes it, not set_result()
  settle(loop);
  EXPECT_EQ(order, "abc");
  done.result();
}

TEST(Coroutine, computes_its_result_from_what_it_awaits) {
  IOLoop loop;
  const Future<int> a;
  const Future<int> b;
  const Future<int> sum = add(a, b);
  b.set_result(2);
  settle(loop);
  EXPECT_FALSE(sum.done());
  a.set_result(1);
  settle(loop);
  EXPECT_EQ(sum.result(), 3);
}

TEST(Coroutine, does_not_wait_for_a_done_future) {
  IOLoop loop;
  const Future<int> a;
  const Future<int> b;
  a.set_result(1);
  b.set_result(2);
  EXPECT_EQ(add(a, b).result(), 3);
}

TEST(Coroutine, exceptions_come_out_of_the_co_await) {
  IOLoop loop;
  const Future<int> bad;
  const auto inner = [&]() -> Future<int> {
    const int value = co_await bad;
    co_return value;
  };
  const auto outer = [&]() -> Future<std::string> {
    const Future<int> asked = inner();
    try {
      co_await asked;
    } catch (const std::runtime_error& error) {
      co_return error.what();
    }
    co_return "nothing was thrown";
  };
  const Future<std::string> done = outer();
  bad.set_exception(std::make_exception_ptr(std::runtime_error("no luck")));
  settle(loop);
  EXPECT_EQ(done.result(), "no luck");
}

TEST(Coroutine, an_exception_before_the_first_wait_goes_into_the_future) {
  IOLoop loop;
  const auto coroutine = []() -> Future<void> {
    throw std::runtime_error("at once");
    co_return;
  };
  const Future<void> done = coroutine();
  EXPECT_THROW(done.result(), std::runtime_error);
}

TEST(Coroutine, a_waiting_frame_is_freed_with_its_loop) {
  const auto owned = std::make_shared<int>(1);
  const Future<void> never;
  const auto coroutine = [](std::shared_ptr<int>, Future<void> future) -> Future<void> {
    co_await future;
  };
  {
    IOLoop loop;
    coroutine(owned, never);
    coroutine(owned, gen::sleep(1000));
    EXPECT_EQ(SuspendedFrames::of(loop).size(), 2u);
    EXPECT_EQ(owned.use_count(), 3);
  }
  EXPECT_EQ(owned.use_count(), 1);
}

TEST(Coroutine, frames_are_freed_when_they_end) {
  IOLoop loop;
  const auto owned = std::make_shared<int>(1);
  const Future<void> gate;
  const auto coroutine = [](std::shared_ptr<int>, Future<void> future) -> Future<void> {
    co_await future;
  };
  const Future<void> done = coroutine(owned, gate);
  gate.set_result();
  settle(loop);
  EXPECT_EQ(owned.use_count(), 1);
  EXPECT_EQ(SuspendedFrames::of(loop).size(), 0u);
  done.result();
}

TEST(Coroutine, twenty_thousand_waits_use_no_stack) {
  IOLoop loop;
  const auto count = []() -> Future<int> {
    int sum = 0;
    for (int i = 0; i < 20'000; ++i) {
      const Future<int> one;
      IOLoop::current().add_callback([one] { one.set_result(1); });
      const int value = co_await one;
      sum += value;
    }
    co_return sum;
  };
  const Future<int> done = count();
  run_until(loop, [&] { return done.done(); });
  EXPECT_EQ(done.result(), 20'000);
}

}  // namespace
}  // namespace mini
