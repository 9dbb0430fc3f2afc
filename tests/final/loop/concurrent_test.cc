// The helpers around Future.
#include <memory>

#include "loop_test_util.h"

namespace tornado {
namespace {

using concurrent::CancelledError;
using concurrent::chain_future;
using concurrent::dummy_executor;
using concurrent::InvalidStateError;
using concurrent::run_on_executor;
using ioloop::IOLoop;
using ::testing::ElementsAre;

class Concurrent : public ::testing::Test, protected test::VirtualLoop {
 protected:
  static Future<void> settle() {
    for (int i = 0; i < 10; ++i) co_await gen::moment;
  }
};

// CON-07
TEST_F(Concurrent, chain_future_hands_on_results_exceptions_and_cancellation) {
  loop.run_sync([]() -> Future<void> {
    Future<std::string> from;
    Future<std::string> to;
    chain_future(from, to);
    EXPECT_FALSE(to.done());
    from.set_result("value");
    EXPECT_EQ(co_await to, "value");
    Future<std::string> at_once;
    chain_future(from, at_once);
    EXPECT_EQ(at_once.result(), "value");
    Future<void> failed;
    Future<void> fails_too;
    failed.set_exception(std::range_error("x"));
    chain_future(failed, fails_too);
    EXPECT_THROW(fails_too.result(), std::range_error);
    Future<int> cancelled;
    Future<int> cancelled_too;
    chain_future(cancelled, cancelled_too);
    cancelled.cancel();
    EXPECT_THROW(co_await cancelled_too, CancelledError);
    EXPECT_TRUE(cancelled_too.cancelled());
  });
}

// CON-07
TEST_F(Concurrent, chain_future_leaves_a_future_that_is_done) {
  loop.run_sync([]() -> Future<void> {
    Future<int> from;
    Future<int> to;
    chain_future(from, to);
    to.set_result(1);
    from.set_result(2);
    co_await settle();
    EXPECT_EQ(to.result(), 1);
  });
}

// CON-07
TEST_F(Concurrent, unless_cancelled) {
  test::Logged logged;
  Future<int> pending;
  concurrent::future_set_result_unless_cancelled(pending, 1);
  EXPECT_EQ(pending.result(), 1);
  EXPECT_THROW(concurrent::future_set_result_unless_cancelled(pending, 2), InvalidStateError);
  Future<void> cancelled;
  cancelled.cancel();
  concurrent::future_set_result_unless_cancelled(cancelled);
  concurrent::future_set_exception_unless_cancelled(cancelled, std::range_error("late"));
  EXPECT_TRUE(cancelled.cancelled());
  Future<void> failed;
  concurrent::future_set_exception_unless_cancelled(failed, std::range_error("x"));
  EXPECT_THROW(failed.result(), std::range_error);
  Future<void> again;
  concurrent::future_set_exc_info(again, failed.exception());
  EXPECT_THROW(again.result(), std::range_error);
  EXPECT_THROW(concurrent::future_set_exc_info(again, failed.exception()), InvalidStateError);
  EXPECT_THAT(logged.lines(), ElementsAre("tornado.application: Exception after Future was "
                                          "cancelled: std::range_error: late"));
}

// CON-07
TEST_F(Concurrent, future_add_done_callback_and_is_future) {
  EXPECT_TRUE(concurrent::is_future(Future<int>()));
  EXPECT_FALSE(concurrent::is_future(1));
  std::vector<std::string> order;
  Future<int> future;
  concurrent::future_add_done_callback(future, [&](Future<int>) { order.push_back("queued"); });
  future.set_result(1);
  EXPECT_TRUE(order.empty());
  concurrent::future_add_done_callback(future, [&](Future<int>) { order.push_back("at once"); });
  loop.run_sync([] { return settle(); });
  EXPECT_THAT(order, ElementsAre("at once", "queued"));
}

// CON-07
TEST_F(Concurrent, dummy_executor_runs_on_the_spot) {
  bool ran = false;
  auto done = dummy_executor.submit([&] { ran = true; });
  EXPECT_TRUE(ran);
  EXPECT_TRUE(done.done());
  EXPECT_EQ(dummy_executor.submit([](int a, int b) { return a + b; }, 1, 2).result(), 3);
  auto failed = dummy_executor.submit([]() -> int { throw std::range_error("x"); });
  EXPECT_THROW(failed.result(), std::range_error);
  const auto run = [&]() -> Future<int> {
    co_return co_await loop.run_in_executor(&dummy_executor, [] { return 4; });
  };
  EXPECT_EQ(loop.run_sync(run), 4);
}

struct ByReference {
  concurrent::Executor& executor = dummy_executor;
  std::string name = "reference";
  std::string load(int id) { return name + std::to_string(id); }
  Future<std::string> load_later(int id) { return run_on_executor(this, &ByReference::load, id); }
};
struct ByPointer {
  std::shared_ptr<concurrent::ThreadPoolExecutor> executor =
      std::make_shared<concurrent::ThreadPoolExecutor>(1);
  std::string load(std::unique_ptr<int> id) const { return "pointer" + std::to_string(*id); }
  Future<std::string> load_later(int id) const {
    return run_on_executor(this, &ByPointer::load, std::make_unique<int>(id));
  }
};

// CON-05
TEST_F(Concurrent, run_on_executor_runs_a_method_on_its_objects_executor) {
  loop.run_sync([]() -> Future<void> {
    ByReference one;
    EXPECT_EQ(co_await one.load_later(1), "reference1");
    const ByPointer two;
    EXPECT_EQ(co_await two.load_later(2), "pointer2");
    EXPECT_EQ(co_await run_on_executor(dummy_executor, &ByReference::load, &one, 3), "reference3");
  });
}

}  // namespace
}  // namespace tornado
