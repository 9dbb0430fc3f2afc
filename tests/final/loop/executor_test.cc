// Threads: this program also runs under ThreadSanitizer.
#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>

#include "loop_test_util.h"

namespace tornado {
namespace {

using concurrent::ThreadPoolExecutor;
using ioloop::IOLoop;

// Lets a thread wait for another without sleeping.
class Gate {
 public:
  void open() { opened_.set_value(); }
  void wait() { is_open_.wait(); }

 private:
  std::promise<void> opened_;
  std::shared_future<void> is_open_ = opened_.get_future().share();
};

// IOL-23
TEST(Executor, runs_on_a_thread_and_comes_home) {
  IOLoop loop;
  const auto run = [&]() -> Future<bool> {
    const auto mine = std::this_thread::get_id();
    const auto other =
        co_await loop.run_in_executor(nullptr, [] { return std::this_thread::get_id(); });
    EXPECT_EQ(std::this_thread::get_id(), mine);
    co_return mine != other;
  };
  EXPECT_TRUE(loop.run_sync(run));
}

// IOL-23
TEST(Executor, arguments_members_and_void) {
  struct Database {
    std::string name;
    std::string load(int id, const std::string& suffix) {
      return name + std::to_string(id) + suffix;
    }
  } database{"db"};
  IOLoop loop;
  ThreadPoolExecutor pool(1);
  const auto run = [&]() -> Future<std::string> {
    co_await pool.submit([] {});
    co_return co_await loop.run_in_executor(&pool, &Database::load, &database, 7, std::string("!"));
  };
  EXPECT_EQ(loop.run_sync(run), "db7!");
}

// CON-06
TEST(Executor, an_exception_comes_home) {
  IOLoop loop;
  ThreadPoolExecutor pool(1);
  const auto fail = []() -> int { throw std::range_error("worker"); };
  EXPECT_THROW(loop.run_sync([&] { return pool.submit(fail); }), std::range_error);
}

// CON-06
TEST(Executor, results_that_only_move_and_results_that_throw_when_they_do) {
  struct Stubborn {
    Stubborn() = default;
    Stubborn(const Stubborn&) { throw std::range_error("stubborn"); }
  };
  IOLoop loop;
  ThreadPoolExecutor pool(1);
  const auto seven = [] { return std::make_unique<int>(7); };
  EXPECT_EQ(*loop.run_sync([&] { return pool.submit(seven); }), 7);
  const auto stubborn = [] { return Stubborn(); };
  EXPECT_THROW(loop.run_sync([&] { return pool.submit(stubborn); }), std::range_error);
}

// CON-06
TEST(Executor, no_more_threads_than_asked_for) {
  IOLoop loop;
  ThreadPoolExecutor pool(3);
  std::atomic<int> at_work = 0;
  std::atomic<int> most = 0;
  const auto task = [&] {
    const int now = ++at_work;
    for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
    }
    std::this_thread::yield();
    --at_work;
  };
  const auto run = [&]() -> Future<void> {
    std::vector<Future<void>> all;
    for (int i = 0; i < 1000; ++i) all.push_back(pool.submit(task));
    co_await all;
  };
  loop.run_sync(run);
  EXPECT_LE(most, 3);
  EXPECT_THROW(ThreadPoolExecutor none(0), std::invalid_argument);
}

// CON-06
TEST(Executor, tasks_run_side_by_side) {
  IOLoop loop;
  ThreadPoolExecutor pool(2);
  Gate first;
  Gate second;
  const auto run = [&]() -> Future<void> {
    auto one = pool.submit([&] {
      first.open();
      second.wait();
    });
    auto two = pool.submit([&] {
      first.wait();
      second.open();
    });
    co_await gen::multi(one, two);
  };
  loop.run_sync(run);
}

// CON-06
TEST(Executor, shutdown_runs_what_is_queued_and_refuses_more) {
  IOLoop loop;
  ThreadPoolExecutor pool(1);
  std::atomic<int> ran = 0;
  for (int i = 0; i < 10; ++i) static_cast<void>(pool.submit([&] { ++ran; }));
  pool.shutdown();
  EXPECT_EQ(ran, 10);
  EXPECT_THROW(static_cast<void>(pool.submit([] {})), std::runtime_error);
  pool.shutdown();
}

// ---- cancelling

// CON-06
TEST(Executor, a_task_that_has_not_begun_can_be_cancelled) {
  IOLoop loop;
  ThreadPoolExecutor pool(1);
  Gate release;
  std::atomic<bool> ran = false;
  const auto run = [&]() -> Future<void> {
    auto first = pool.submit([&] { release.wait(); });
    auto second = pool.submit([&] { ran = true; });
    EXPECT_TRUE(second.cancel());
    EXPECT_TRUE(second.cancelled());
    release.open();
    co_await first;
    co_await pool.submit([] {});
  };
  loop.run_sync(run);
  EXPECT_FALSE(ran);
}

// CON-06
TEST(Executor, a_waiter_for_a_task_that_has_begun_is_cancelled_when_it_has_ended) {
  IOLoop loop;
  ThreadPoolExecutor pool(1);
  Gate begun;
  Gate release;
  const auto work = [&]() -> Future<void> {
    std::string mine;
    const auto task = [&] {
      begun.open();
      release.wait();
      mine = "the task may still use what belongs to the frame";
    };
    try {
      co_await pool.submit(task);
      ADD_FAILURE();
    } catch (const concurrent::CancelledError&) {
      EXPECT_EQ(mine, "the task may still use what belongs to the frame");
      throw;
    }
  };
  const auto run = [&]() -> Future<void> {
    auto future = work();
    begun.wait();
    EXPECT_TRUE(future.cancel());
    EXPECT_TRUE(future.cancel());
    co_await gen::moment;
    EXPECT_FALSE(future.done());
    release.open();
    EXPECT_THROW(co_await future, concurrent::CancelledError);
  };
  loop.run_sync(run);
}

// CON-06
TEST(Executor, a_future_outlives_the_loop_and_the_task) {
  std::optional<Future<int>> future;
  Gate begun;
  Gate release;
  ThreadPoolExecutor pool(1);
  {
    IOLoop loop;
    future = pool.submit([&] {
      begun.open();
      release.wait();
      return 1;
    });
    begun.wait();
  }
  release.open();
  pool.shutdown();
  EXPECT_FALSE(future->done());
  EXPECT_TRUE(future->cancel());
  EXPECT_TRUE(future->cancelled());
}

// CON-06
TEST(Executor, the_last_task_may_destroy_the_executor) {
  IOLoop loop;
  auto pool = std::make_shared<ThreadPoolExecutor>(2);
  Gate released;
  Gate gone;
  struct Last {
    std::shared_ptr<ThreadPoolExecutor> pool;
    Gate& gone;
    Last(std::shared_ptr<ThreadPoolExecutor> held, Gate& told)
        : pool(std::move(held)), gone(told) {}
    ~Last() {
      pool.reset();
      gone.open();
    }
  };
  auto last = std::make_unique<Last>(pool, gone);
  static_cast<void>(pool->submit([last = std::move(last), &released] { released.wait(); }));
  pool.reset();
  released.open();
  gone.wait();
}

// IOL-24
TEST(Executor, set_default_executor_replaces_the_pool) {
  IOLoop loop;
  ThreadPoolExecutor pool(1);
  loop.set_default_executor(&pool);
  const auto run = [&]() -> Future<bool> {
    const auto thread = [] { return std::this_thread::get_id(); };
    const auto one = co_await loop.run_in_executor(nullptr, thread);
    const auto two = co_await pool.submit(thread);
    co_return one == two;
  };
  EXPECT_TRUE(loop.run_sync(run));
}

TEST(Executor, a_loop_closed_over_work_drops_the_results) {
  ThreadPoolExecutor pool(1);
  Gate started;
  Gate closed;
  std::atomic<int> ran = 0;
  auto token = std::make_shared<int>();
  {
    IOLoop loop;
    loop.spawn_callback([&, token]() -> Future<void> {
      co_await pool.submit([&] {
        started.open();
        closed.wait();
        ++ran;
      });
      ADD_FAILURE() << "resumed after close";
    });
    loop.spawn_callback([&, token]() -> Future<void> {
      auto queued = [&ran, token] { ++ran; };
      co_await pool.submit(std::move(queued));
    });
    loop.add_callback([&] { loop.stop(); });
    loop.start();
    started.wait();
  }
  closed.open();
  pool.shutdown();
  EXPECT_EQ(ran, 2);
  EXPECT_EQ(token.use_count(), 1);
}

TEST(Executor, a_closed_loop_gives_no_work_away) {
  ThreadPoolExecutor pool(1);
  IOLoop loop;
  loop.close();
  EXPECT_THROW(static_cast<void>(pool.submit([] {})), std::runtime_error);
}

// IOL-13
TEST(Threads, add_callback_from_four_threads_keeps_all_and_each_ones_order) {
  constexpr int kThreads = 4;
  constexpr int kEach = 100'000;
  IOLoop loop;
  std::vector<int> next(kThreads);
  int out_of_order = 0;
  int left = kThreads * kEach;
  std::vector<std::thread> threads;
  for (std::size_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kEach; ++i) {
        loop.add_callback([&, thread, i] {
          if (next[thread]++ != i) ++out_of_order;
          if (--left == 0) loop.stop();
        });
      }
    });
  }
  loop.start();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(out_of_order, 0);
}

TEST(Threads, two_loops_in_two_threads_talk_to_each_other) {
  constexpr int kRounds = 10'000;
  IOLoop here;
  std::promise<IOLoop*> made;
  int rounds = 0;
  std::thread other([&] {
    ioloop::IOLoopOptions options;
    options.poller = "poll";
    IOLoop loop(options);
    made.set_value(&loop);
    loop.start();
  });
  IOLoop* there = made.get_future().get();
  struct Ball {
    IOLoop& here;
    IOLoop& there;
    int& rounds;
    void operator()() const {
      EXPECT_EQ(&IOLoop::current(), &here);
      if (++rounds == kRounds) {
        there.stop();
        here.stop();
        return;
      }
      there.add_callback([back = *this] { back.here.add_callback(back); });
    }
  };
  here.add_callback(Ball{here, *there, rounds});
  here.start();
  other.join();
  EXPECT_EQ(rounds, kRounds);
}

// CON-01
TEST(Threads, a_future_used_on_another_thread_throws) {
  IOLoop loop;
  Future<int> future;
  Future<int> done;
  done.set_result(1);
  int refused = 0;
  std::thread([&, future, done] {
    const auto refuses = [&](auto call) {
      try {
        call();
      } catch (const std::logic_error&) {
        ++refused;
      }
    };
    refuses([&] { future.set_result(1); });
    refuses([&] { future.set_exception(std::runtime_error("x")); });
    refuses([&] { future.cancel(); });
    refuses([&] { future.done(); });
    refuses([&] { future.add_done_callback([](Future<int>) {}); });
    refuses([&] { done.result(); });
    refuses([&] { done.exception(); });
    refuses([&] { done.add_done_callback([](Future<int>) {}); });
  }).join();
  EXPECT_EQ(refused, 8);
  EXPECT_FALSE(future.done());
}

// CON-01
TEST(Threads, a_handle_may_travel_to_a_thread_and_back) {
  IOLoop loop;
  const auto run = [&]() -> Future<int> {
    int total = 0;
    for (int i = 0; i < 200; ++i) {
      Future<int> future;
      std::thread([&loop, future, i] {
        loop.add_callback([future, i] { future.set_result(i); });
      }).detach();
      total += co_await future;
    }
    co_return total;
  };
  EXPECT_EQ(loop.run_sync(run), 199 * 200 / 2);
}

TEST(Threads, a_loop_may_run_on_a_thread_and_be_destroyed_on_another) {
  // The frame's destructor completes a future of the thread that has ended.
  struct Completes {
    Future<void> future;
    explicit Completes(Future<void> f) : future(std::move(f)) {}
    ~Completes() { future.set_result(); }
  };
  bool freed = false;
  {
    IOLoop loop;
    std::thread([&] {
      loop.spawn_callback([&]() -> Future<void> {
        Future<void> gate;
        const Completes at_end(gate);
        const auto waiter = [](Future<void> wait) -> Future<void> { co_await wait; };
        auto waiting = waiter(gate);
        loop.stop();
        co_await gen::sleep(3600);
      });
      loop.start();
    }).join();
    loop.close();
    freed = true;
  }
  EXPECT_TRUE(freed);
}

TEST(Threads, a_threads_loop_made_on_demand_is_freed_with_what_waits_in_it) {
  const int before = test::open_descriptors();
  auto token = std::make_shared<int>();
  std::thread([token] {
    IOLoop& loop = IOLoop::current();
    loop.spawn_callback([token]() -> Future<void> { co_await gen::sleep(3600); });
    loop.call_later(3600, [token] {});
    loop.add_callback([&] { loop.stop(); });
    loop.start();
    loop.add_callback([token] {});
  }).join();
  EXPECT_EQ(token.use_count(), 1);
  EXPECT_EQ(test::open_descriptors(), before);
}

}  // namespace
}  // namespace tornado
