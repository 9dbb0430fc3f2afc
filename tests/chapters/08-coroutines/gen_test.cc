#include "08-coroutines/gen.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "../04-iostream/stream_pair.h"

namespace mini {
namespace {

std::exception_ptr failure(const std::string& text) {
  return std::make_exception_ptr(std::runtime_error(text));
}

// With a virtual clock the loop never really sleeps.
class GenTest : public testing::Test {
 protected:
  template <class T>
  void run(const Future<T>& future) {
    future.add_done_callback([this](const Future<T>&) { loop_.stop(); });
    loop_.start();
  }
  VirtualClock clock_;
  IOLoop loop_{clock_};
};

TEST_F(GenTest, sleep) {
  const double start = loop_.time();
  run(gen::sleep(5));
  EXPECT_EQ(loop_.time() - start, 5);
}

TEST_F(GenTest, multi_waits_for_all_at_once_and_keeps_their_order) {
  const auto slow = [](double seconds, int value) -> Future<int> {
    const Future<void> slept = gen::sleep(seconds);
    co_await slept;
    co_return value;
  };
  const double start = loop_.time();
  const Future<std::vector<int>> all = gen::multi<int>({slow(3, 1), slow(1, 2), slow(2, 3)});
  run(all);
  EXPECT_EQ(all.result(), (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(loop_.time() - start, 3);
}

TEST_F(GenTest, multi_throws_the_first_exception_when_all_are_done) {
  const Future<int> bad;
  const Future<int> worse;
  const Future<int> slow;
  const Future<std::vector<int>> all = gen::multi<int>({bad, worse, slow});
  bad.set_exception(failure("bad"));
  worse.set_exception(failure("worse"));
  settle(loop_);
  EXPECT_FALSE(all.done());
  slow.set_result(1);
  settle(loop_);
  try {
    all.result();
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "bad");
  }
}

TEST_F(GenTest, multi_of_futures_without_values) {
  const double start = loop_.time();
  run(gen::multi({gen::sleep(1), gen::sleep(2)}));
  EXPECT_EQ(loop_.time() - start, 2);
}

TEST_F(GenTest, with_timeout_passes_on_a_result_in_time) {
  const Future<int> future;
  const Future<int> in_time = gen::with_timeout(10, future);
  loop_.call_later(9, [&] { future.set_result(1); });
  run(in_time);
  EXPECT_EQ(in_time.result(), 1);
}

TEST_F(GenTest, with_timeout_does_not_wait_longer) {
  const Future<int> future;
  const Future<int> late = gen::with_timeout(10, future);
  const double start = loop_.time();
  run(late);
  EXPECT_EQ(loop_.time() - start, 10);
  EXPECT_THROW(late.result(), gen::TimeoutError);
  future.set_result(1);  // the work may still complete it
  settle(loop_);
}

TEST_F(GenTest, with_timeout_passes_on_an_exception) {
  const Future<void> future;
  const Future<void> result = gen::with_timeout(10, future);
  future.set_exception(failure("no luck"));
  run(result);
  EXPECT_THROW(result.result(), std::runtime_error);
}

}  // namespace
}  // namespace mini
