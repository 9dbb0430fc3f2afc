#include "07-futures/future.h"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "../04-iostream/stream_pair.h"

namespace mini {
namespace {

std::exception_ptr failure(const std::string& text) {
  return std::make_exception_ptr(std::runtime_error(text));
}

TEST(Future, holds_a_result) {
  const Future<std::string> future;
  EXPECT_FALSE(future.done());
  EXPECT_THROW(future.result(), std::logic_error);
  future.set_result("here");
  EXPECT_TRUE(future.done());
  EXPECT_EQ(future.result(), "here");
}

TEST(Future, copies_share_one_result) {
  const Future<int> future;
  const Future<int> copy = future;
  copy.set_result(1);
  EXPECT_EQ(future.result(), 1);
}

TEST(Future, holds_an_exception) {
  const Future<int> future;
  future.set_exception(failure("no luck"));
  EXPECT_TRUE(future.done());
  EXPECT_THROW(future.result(), std::runtime_error);
}

TEST(Future, of_void_can_be_done) {
  const Future<void> future;
  future.set_result();
  future.result();
  EXPECT_TRUE(future.done());
}

TEST(Future, of_a_move_only_type) {
  const Future<std::unique_ptr<int>> future;
  future.set_result(std::make_unique<int>(5));
  EXPECT_EQ(*future.result(), 5);
}

TEST(Future, is_completed_once) {
  const Future<int> future;
  future.set_result(1);
  EXPECT_THROW(future.set_result(2), std::logic_error);
  EXPECT_THROW(future.set_exception(failure("late")), std::logic_error);
  EXPECT_EQ(future.result(), 1);
}

TEST(Future, callbacks_run_from_the_loop_in_their_order) {
  IOLoop loop;
  const Future<int> future;
  std::string order;
  future.add_done_callback([&](const Future<int>& done) {
    order += "a" + std::to_string(done.result());
    future.add_done_callback([&](const Future<int>&) { order += "c"; });
    order += "-";
  });
  future.add_done_callback([&](const Future<int>&) { order += "b"; });
  future.set_result(1);
  EXPECT_EQ(order, "");
  settle(loop);
  EXPECT_EQ(order, "a1-bc");
}

TEST(Future, an_exception_that_nobody_looked_at_is_logged) {
  testing::internal::CaptureStderr();
  {
    const Future<int> seen;
    seen.set_exception(failure("seen"));
    EXPECT_THROW(seen.result(), std::runtime_error);
    const Future<int> lost;
    lost.set_exception(failure("lost"));
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "nobody looked at a future's exception: lost\n");
}

TEST(Future, that_is_never_done_frees_its_callbacks) {
  const auto owned = std::make_shared<int>(1);
  {
    const Future<int> future;
    future.add_done_callback([owned](const Future<int>&) {});
    EXPECT_EQ(owned.use_count(), 2);
  }
  EXPECT_EQ(owned.use_count(), 1);
}

}  // namespace
}  // namespace mini
