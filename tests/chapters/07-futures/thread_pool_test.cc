#include "07-futures/thread_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "../04-iostream/stream_pair.h"

namespace mini {
namespace {

TEST(ThreadPoolExecutor, runs_on_another_thread_and_calls_back_on_this_one) {
  IOLoop loop;
  ThreadPoolExecutor pool(2);
  const Future<std::thread::id> future = pool.submit([] { return std::this_thread::get_id(); });
  std::thread::id told;
  future.add_done_callback([&](const auto&) { told = std::this_thread::get_id(); });
  run_until(loop, [&] { return told != std::thread::id(); });
  EXPECT_EQ(told, std::this_thread::get_id());
  EXPECT_NE(future.result(), std::this_thread::get_id());
}

TEST(ThreadPoolExecutor, passes_on_exceptions) {
  IOLoop loop;
  ThreadPoolExecutor pool(1);
  const Future<void> future = pool.submit([] { throw std::runtime_error("no luck"); });
  run_until(loop, [&] { return future.done(); });
  EXPECT_THROW(future.result(), std::runtime_error);
}

TEST(ThreadPoolExecutor, results_may_be_move_only_or_void) {
  IOLoop loop;
  ThreadPoolExecutor pool(1);
  const auto unique = pool.submit([] { return std::make_unique<int>(5); });
  const Future<void> nothing = pool.submit([] {});
  run_until(loop, [&] { return unique.done() && nothing.done(); });
  EXPECT_EQ(*unique.result(), 5);
  nothing.result();
}

TEST(ThreadPoolExecutor, many_tasks_run_once_each) {
  IOLoop loop;
  ThreadPoolExecutor pool(4);
  std::atomic<int> ran = 0;
  std::vector<Future<int>> futures;
  for (int i = 0; i < 1000; ++i) {
    futures.push_back(pool.submit([&ran, i] {
      ++ran;
      return i;
    }));
  }
  run_until(loop, [&] {
    for (const auto& future : futures) {
      if (!future.done()) return false;
    }
    return true;
  });
  EXPECT_EQ(ran, 1000);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(futures[static_cast<std::size_t>(i)].result(), i);
}

TEST(ThreadPoolExecutor, ends_with_tasks_that_have_not_started) {
  IOLoop loop;
  const auto owned = std::make_shared<int>(1);
  {
    ThreadPoolExecutor pool(1);
    for (int i = 0; i < 100; ++i) pool.submit([owned] {});
  }
  settle(loop);
  EXPECT_EQ(owned.use_count(), 1);
}

}  // namespace
}  // namespace mini
