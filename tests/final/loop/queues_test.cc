#include <tornado/queues.h>
#include <tornado/testing.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <numeric>
#include <optional>

#include "loop_test_util.h"

namespace tornado {
namespace {

using queues::LifoQueue;
using queues::PriorityQueue;
using queues::Queue;
using ::testing::ElementsAre;

class Queues : public tornado::testing::AsyncTestCase {
 protected:
  Queues() : AsyncTestCase(tornado::testing::Time::kVirtual) {}

  // Runs everything that can run without waiting for time.
  void settle() {
    io_loop.run_sync([]() -> Future<void> {
      for (int round = 0; round < 5; ++round) co_await gen::moment;
    });
  }
  template <class Q>
  static auto drain(Q& queue) {
    std::vector<decltype(queue.get_nowait())> items;
    while (!queue.empty()) items.push_back(queue.get_nowait());
    return items;
  }
};

// ---- sizes --------------------------------------------------------------------------------------

// QU-01
TEST_F(Queues, has_a_size_and_perhaps_a_largest_one) {
  Queue<int> queue(2);
  EXPECT_EQ(queue.maxsize(), 2u);
  EXPECT_TRUE(queue.empty());
  queue.put_nowait(1);
  EXPECT_EQ(queue.qsize(), 1u);
  EXPECT_FALSE(queue.empty());
  EXPECT_FALSE(queue.full());
  queue.put_nowait(2);
  EXPECT_TRUE(queue.full());
  EXPECT_THROW(queue.put_nowait(3), queues::QueueFull);
  EXPECT_EQ(queue.get_nowait(), 1);
  EXPECT_EQ(queue.get_nowait(), 2);
  EXPECT_THROW(queue.get_nowait(), queues::QueueEmpty);
}

// QU-01
TEST_F(Queues, without_maxsize_it_is_never_full) {
  Queue<int> queue;
  EXPECT_EQ(queue.maxsize(), 0u);
  for (int n = 0; n < 10000; ++n) queue.put_nowait(n);
  EXPECT_FALSE(queue.full());
  EXPECT_EQ(queue.qsize(), 10000u);
}

// QU-01
TEST_F(Queues, maxsize_is_not_negative) {
  EXPECT_THROW(Queue<int>(-1), std::invalid_argument);
  EXPECT_THROW(PriorityQueue<int>(-1L), std::invalid_argument);
  EXPECT_EQ(Queue<int>(std::size_t{7}).maxsize(), 7u);
}

// ---- get ----------------------------------------------------------------------------------------

// QU-01
GEN_TEST(Queues, get_waits_for_an_item) {
  Queue<std::string> queue;
  io_loop.call_later(3, [&] { queue.put_nowait("x"); });
  const auto item = co_await queue.get();
  EXPECT_EQ(item, "x");
  EXPECT_EQ(io_loop.time(), 1003);
}

// QU-01
TEST_F(Queues, getters_are_served_in_their_order) {
  Queue<int> queue;
  auto first = queue.get();
  auto second = queue.next();
  auto third = queue.get();
  for (int n = 1; n <= 4; ++n) queue.put_nowait(n);
  EXPECT_EQ(first.result(), 1);
  EXPECT_EQ(second.result(), 2);
  EXPECT_EQ(third.result(), 3);
  EXPECT_EQ(queue.qsize(), 1u);
}

// QU-01
GEN_TEST(Queues, get_throws_at_its_timeout_and_takes_nothing_later) {
  Queue<int> queue;
  EXPECT_THROW(co_await queue.get(std::chrono::seconds(1)), gen::TimeoutError);
  EXPECT_EQ(io_loop.time(), 1001);
  EXPECT_THROW(co_await queue.get(1002), gen::TimeoutError);
  EXPECT_EQ(io_loop.time(), 1002);
  EXPECT_THROW(co_await queue.next(std::chrono::seconds(1)), gen::TimeoutError);
  queue.put_nowait(5);
  EXPECT_EQ(queue.qsize(), 1u);
  const int item = co_await queue.get(std::chrono::hours(1));
  EXPECT_EQ(item, 5);
  EXPECT_EQ(io_loop.time(), 1003);
}

// QU-01
TEST_F(Queues, an_item_in_time_stops_the_clock) {
  Queue<int> queue;
  io_loop.run_sync([&]() -> Future<void> {
    io_loop.call_later(1, [&] { queue.put_nowait(1); });
    const int item = co_await queue.get(std::chrono::hours(1));
    EXPECT_EQ(item, 1);
  });
  advance(1);
  EXPECT_EQ(io_loop.time(), 1002);
}

// QU-01
TEST_F(Queues, a_timeout_is_a_number) {
  Queue<int> queue;
  EXPECT_THROW((void)queue.get(std::numeric_limits<double>::quiet_NaN()), std::invalid_argument);
  queue.put_nowait(1);
  EXPECT_EQ(queue.get_nowait(), 1);
}

// QU-01
TEST_F(Queues, an_item_for_a_waiter_that_gave_up_goes_to_the_next) {
  Queue<int> queue;
  auto late = queue.get(std::chrono::seconds(1));
  auto cancelled = queue.get();
  std::optional<Future<int>> dropped = queue.get();
  std::optional<Future<std::optional<int>>> dropped_next = queue.next();
  auto alive = queue.get();
  advance(2);
  cancelled.cancel();
  dropped.reset();
  dropped_next.reset();
  queue.put_nowait(1);
  queue.put_nowait(2);
  EXPECT_EQ(alive.result(), 1);
  EXPECT_THROW(late.result(), gen::TimeoutError);
  EXPECT_THAT(drain(queue), ElementsAre(2));
}

// QU-01
TEST_F(Queues, a_get_with_a_callback_is_not_forgotten) {
  Queue<int> queue;
  int got = 0;
  queue.get().add_done_callback([&](const Future<int>& done) { got = done.result(); });
  queue.put_nowait(4);
  settle();
  EXPECT_EQ(got, 4);
}

// QU-01
TEST_F(Queues, waits_given_up_do_not_pile_up) {
  Queue<int> queue;
  io_loop.run_sync([&]() -> Future<void> {
    for (int n = 0; n < 300; ++n) (void)queue.get();
    for (int n = 0; n < 300; ++n) {
      EXPECT_THROW(co_await queue.get(std::chrono::milliseconds(1)), gen::TimeoutError);
    }
  });
  queue.put_nowait(1);
  EXPECT_EQ(queue.qsize(), 1u);
}

// ---- put ----------------------------------------------------------------------------------------

// QU-01
TEST_F(Queues, put_waits_when_the_queue_is_full) {
  Queue<int> queue(1);
  auto first = queue.put(1);
  auto second = queue.put(2);
  auto third = queue.put(3);
  EXPECT_TRUE(first.done());
  EXPECT_FALSE(second.done());
  EXPECT_EQ(queue.qsize(), 1u);
  EXPECT_EQ(queue.get_nowait(), 1);
  EXPECT_TRUE(second.done());
  EXPECT_FALSE(third.done());
  EXPECT_EQ(queue.get_nowait(), 2);
  EXPECT_EQ(queue.get_nowait(), 3);
  EXPECT_TRUE(third.done());
  EXPECT_TRUE(queue.empty());
}

// QU-01
TEST_F(Queues, a_put_that_nobody_awaits_is_a_put) {
  Queue<int> queue(1);
  for (int n = 0; n < 100; ++n) static_cast<void>(queue.put(n));
  std::vector<int> expected(100);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(drain(queue), expected);
}

// QU-01
GEN_TEST(Queues, put_throws_at_its_timeout_and_drops_the_item) {
  Queue<int> queue(1);
  co_await queue.put(1);
  EXPECT_THROW(co_await queue.put(2, std::chrono::seconds(1)), gen::TimeoutError);
  EXPECT_EQ(io_loop.time(), 1001);
  auto cancelled = queue.put(3);
  cancelled.cancel();
  auto waits = queue.put(4);
  EXPECT_EQ(queue.get_nowait(), 1);
  EXPECT_TRUE(waits.done());
  EXPECT_THAT(drain(queue), ElementsAre(4));
}

// QU-01
TEST_F(Queues, items_may_be_move_only) {
  Queue<std::unique_ptr<int>> queue(1);
  io_loop.run_sync([&]() -> Future<void> {
    co_await queue.put(std::make_unique<int>(1));
    auto refused = std::make_unique<int>(2);
    EXPECT_THROW(queue.put_nowait(std::move(refused)), queues::QueueFull);
    EXPECT_NE(refused, nullptr);  // NOLINT(bugprone-use-after-move): that is the promise
    auto waits = queue.put(std::move(refused));
    auto first = co_await queue.get();
    auto second = co_await queue.next();
    EXPECT_EQ(*first, 1);
    EXPECT_EQ(**second, 2);
    auto third = queue.get();
    queue.put_nowait(std::make_unique<int>(3));
    first = co_await std::move(third);
    EXPECT_EQ(*first, 3);
    EXPECT_TRUE(waits.done());
  });
  PriorityQueue<std::unique_ptr<int>> pointers;
  pointers.put_nowait(std::make_unique<int>(1));
  EXPECT_EQ(*pointers.get_nowait(), 1);
  LifoQueue<std::unique_ptr<int>> stack;
  stack.put_nowait(std::make_unique<int>(2));
  EXPECT_EQ(*stack.get_nowait(), 2);
}

// QU-01
TEST_F(Queues, producer_and_consumer_meet_in_a_queue_of_one) {
  Queue<int> queue(1);
  std::vector<int> got;
  const auto consume = [&]() -> Future<void> {
    for (int n = 0; n < 1000; ++n) {
      const int item = co_await queue.get();
      got.push_back(item);
    }
  };
  io_loop.run_sync([&]() -> Future<void> {
    auto consumer = consume();
    for (int n = 0; n < 1000; ++n) co_await queue.put(n);
    co_await consumer;
  });
  std::vector<int> expected(1000);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(got, expected);
}

// ---- task_done, join ----------------------------------------------------------------------------

// QU-01
TEST_F(Queues, join_waits_until_every_item_is_done) {
  Queue<int> queue;
  EXPECT_TRUE(queue.join().done());
  queue.put_nowait(1);
  queue.put_nowait(2);
  auto joined = queue.join();
  queue.get_nowait();
  queue.task_done();
  queue.get_nowait();
  EXPECT_FALSE(joined.done());
  queue.task_done();
  EXPECT_TRUE(joined.done());
  EXPECT_THROW(queue.task_done(), std::invalid_argument);
  queue.put_nowait(3);
  EXPECT_FALSE(queue.join().done());
}

// QU-01
TEST_F(Queues, join_throws_at_its_timeout) {
  Queue<int> queue;
  queue.put_nowait(1);
  io_loop.run_sync([&]() -> Future<void> {
    EXPECT_THROW(co_await queue.join(std::chrono::seconds(2)), gen::TimeoutError);
  });
  EXPECT_EQ(io_loop.time(), 1002);
}

// QU-01
TEST_F(Queues, an_item_that_waits_for_room_is_not_a_task_yet) {
  Queue<int> queue(1);
  queue.put_nowait(1);
  auto waits = queue.put(2);
  queue.task_done();
  EXPECT_TRUE(queue.join().done());
  EXPECT_THROW(queue.task_done(), std::invalid_argument);
  queue.get_nowait();
  EXPECT_TRUE(waits.done());
  EXPECT_FALSE(queue.join().done());
}

// QU-01
TEST_F(Queues, ten_workers_share_the_work) {
  Queue<int> queue;
  std::map<int, int> done_by;
  const auto worker = [&](int name) -> Future<void> {
    for (;;) {
      const int seconds = co_await queue.get();
      co_await gen::sleep(seconds);
      ++done_by[name];
      queue.task_done();
    }
  };
  for (int name = 0; name < 10; ++name) io_loop.spawn_callback(worker, name);
  io_loop.run_sync([&]() -> Future<void> {
    for (int n = 0; n < 100; ++n) co_await queue.put(1);
    co_await queue.join();
  });
  EXPECT_EQ(io_loop.time(), 1010);
  EXPECT_EQ(done_by.size(), 10u);
  for (const auto& [name, count] : done_by) EXPECT_EQ(count, 10) << name;
}

// ---- next, shutdown -----------------------------------------------------------------------------

// QU-01
TEST_F(Queues, next_gives_every_item_and_ends_after_shutdown) {
  Queue<int> queue(2);
  std::vector<int> got;
  const auto consume = [&]() -> Future<void> {
    while (auto item = co_await queue.next()) got.push_back(*item);
  };
  io_loop.run_sync([&]() -> Future<void> {
    auto consumer = consume();
    for (int n = 0; n < 5; ++n) co_await queue.put(n);
    queue.shutdown();
    co_await consumer;
  });
  EXPECT_THAT(got, ElementsAre(0, 1, 2, 3, 4));
}

TEST_F(Queues, after_shutdown_nothing_comes_in_and_what_is_in_comes_out) {
  Queue<int> queue(1);
  queue.put_nowait(1);
  auto waits = queue.put(2);
  queue.shutdown();
  queue.shutdown();
  EXPECT_THROW(waits.result(), queues::QueueShutDown);
  EXPECT_THROW(queue.put(3).result(), queues::QueueShutDown);
  EXPECT_THROW(queue.put_nowait(3), queues::QueueShutDown);
  EXPECT_EQ(queue.get().result(), 1);
  EXPECT_THROW(queue.get().result(), queues::QueueShutDown);
  EXPECT_THROW(queue.get_nowait(), queues::QueueShutDown);
  EXPECT_EQ(queue.next().result(), std::nullopt);
  queue.task_done();
  EXPECT_TRUE(queue.join().done());
}

TEST_F(Queues, shutdown_wakes_those_that_wait_for_an_item) {
  Queue<int> queue;
  auto get = queue.get(std::chrono::seconds(1));
  auto next = queue.next(std::chrono::seconds(1));
  queue.shutdown();
  EXPECT_THROW(get.result(), queues::QueueShutDown);
  EXPECT_EQ(next.result(), std::nullopt);
  advance(2);
}

// ---- orders -------------------------------------------------------------------------------------

// QU-02
TEST_F(Queues, a_priority_queue_gives_the_lowest_first) {
  PriorityQueue<std::pair<int, std::string>> queue;
  queue.put_nowait(std::pair(1, "medium-priority item"));
  queue.put_nowait(std::pair(0, "high-priority item"));
  queue.put_nowait(std::pair(10, "low-priority item"));
  EXPECT_EQ(queue.get_nowait().second, "high-priority item");
  EXPECT_EQ(queue.get_nowait().second, "medium-priority item");
  EXPECT_EQ(queue.get_nowait().second, "low-priority item");
}

// QU-02
TEST_F(Queues, among_equals_the_first_comes_first) {
  struct Job {
    int urgency;
    int number;
  };
  struct MostUrgent {
    bool operator()(const Job& a, const Job& b) const { return a.urgency > b.urgency; }
  };
  PriorityQueue<Job, MostUrgent> queue;
  for (int n = 0; n < 100; ++n) queue.put_nowait(Job{n % 3, n});
  int urgency = 2;
  int number = -1;
  while (!queue.empty()) {
    const Job job = queue.get_nowait();
    if (job.urgency != urgency) number = -1;
    EXPECT_LE(job.urgency, urgency);
    EXPECT_GT(job.number, number);
    urgency = job.urgency;
    number = job.number;
  }
}

// QU-02
TEST_F(Queues, a_priority_queue_sorts) {
  PriorityQueue<int> queue;
  std::vector<int> expected;
  unsigned state = 1;
  for (int n = 0; n < 2000; ++n) {
    state = state * 1664525u + 1013904223u;
    expected.push_back(static_cast<int>(state >> 22));
    queue.put_nowait(expected.back());
  }
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(drain(queue), expected);
}

// QU-02
TEST_F(Queues, a_comparator_may_hold_something) {
  struct Ranking {
    explicit Ranking(std::map<std::string, int> table) : ranks(std::move(table)) {}
    bool operator()(const std::string& a, const std::string& b) const {
      return ranks.at(a) < ranks.at(b);
    }
    std::map<std::string, int> ranks;
  };
  const Ranking ranking({{"king", 0}, {"bishop", 1}, {"pawn", 2}});
  PriorityQueue<std::string, Ranking> queue(0, queues::Heap<std::string, Ranking>(ranking));
  queue.put_nowait("pawn");
  queue.put_nowait("king");
  queue.put_nowait("bishop");
  EXPECT_THAT(drain(queue), ElementsAre("king", "bishop", "pawn"));
}

// QU-02
TEST_F(Queues, a_lifo_queue_gives_the_last_first) {
  LifoQueue<int> queue;
  queue.put_nowait(3);
  queue.put_nowait(2);
  queue.put_nowait(1);
  EXPECT_THAT(drain(queue), ElementsAre(1, 2, 3));
}

// QU-02
TEST_F(Queues, what_waits_for_room_comes_in_before_the_next_comes_out) {
  PriorityQueue<int> queue(1);
  queue.put_nowait(5);
  auto waits = queue.put(1);
  EXPECT_EQ(queue.get_nowait(), 1);
  EXPECT_TRUE(waits.done());
  EXPECT_EQ(queue.get_nowait(), 5);
}

// ---- cancelling ---------------------------------------------------------------------------------

// QU-01
TEST_F(Queues, no_item_goes_to_a_coroutine_that_was_cancelled_while_it_waited) {
  Queue<int> queue;
  std::vector<std::string> got;
  const auto worker = [&](std::string name) -> Future<void> {
    for (;;) {
      const int item = co_await queue.get();
      got.push_back(name + std::to_string(item));
    }
  };
  io_loop.run_sync([&]() -> Future<void> {
    auto first = worker("a");
    auto second = worker("b");
    first.cancel();
    queue.put_nowait(1);
    co_await gen::moment;
    EXPECT_TRUE(first.cancelled());
    second.cancel();
    queue.put_nowait(2);
    co_await gen::moment;
    EXPECT_TRUE(second.cancelled());
  });
  EXPECT_THAT(got, ElementsAre("b1"));
  EXPECT_THAT(drain(queue), ElementsAre(2));
}

// QU-01
TEST_F(Queues, an_item_that_came_before_the_cancelling_is_received) {
  Queue<int> queue;
  std::vector<int> got;
  const auto worker = [&]() -> Future<void> {
    while (auto item = co_await queue.next()) got.push_back(*item);
  };
  io_loop.run_sync([&]() -> Future<void> {
    auto working = worker();
    queue.put_nowait(1);
    working.cancel();
    queue.put_nowait(2);
    co_await gen::moment;
    co_await gen::moment;
    EXPECT_TRUE(working.cancelled());
  });
  // The second item was there at once, and cancelling takes effect only where a coroutine has to
  // wait.
  EXPECT_THAT(got, ElementsAre(1, 2));
}

// QU-01
GEN_TEST(Queues, a_put_that_is_cancelled_while_it_waits_puts_nothing) {
  Queue<int> queue(1);
  const auto producer = [&](int item) -> Future<void> { co_await queue.put(item); };
  co_await producer(1);
  auto second = producer(2);
  auto third = producer(3);
  second.cancel();
  co_await gen::moment;
  EXPECT_TRUE(second.cancelled());
  EXPECT_EQ(queue.get_nowait(), 1);
  co_await third;
  EXPECT_THAT(drain(queue), ElementsAre(3));
}

// QU-01
GEN_TEST(Queues, a_deadline_ends_a_worker_and_not_its_queue) {
  Queue<int> queue;
  const auto worker = [&]() -> Future<int> {
    const int item = co_await queue.get();
    co_return item;
  };
  auto working = worker();
  EXPECT_THROW(co_await gen::with_deadline(std::chrono::seconds(1), working), gen::TimeoutError);
  queue.put_nowait(1);
  EXPECT_EQ(queue.qsize(), 1u);
  queue.get_nowait();
  auto joins = queue.join(std::chrono::hours(1));
  joins.cancel();
  EXPECT_TRUE(joins.cancelled());
  queue.task_done();
}

// ---- what is left -------------------------------------------------------------------------------

TEST_F(Queues, destroying_a_queue_cancels_its_waiters) {
  std::optional<Queue<int>> empty(std::in_place);
  std::optional<Queue<int>> full(std::in_place, 1);
  full->put_nowait(1);
  auto get = empty->get(std::chrono::seconds(1));
  auto next = empty->next();
  auto put = full->put(2, std::chrono::seconds(1));
  auto join = full->join(std::chrono::seconds(1));
  empty.reset();
  full.reset();
  EXPECT_TRUE(get.cancelled());
  EXPECT_TRUE(next.cancelled());
  EXPECT_TRUE(put.cancelled());
  EXPECT_TRUE(join.cancelled());
  advance(2);
}

TEST_F(Queues, a_worker_ends_when_its_queue_is_destroyed) {
  auto alive = std::make_shared<int>(0);
  std::optional<Queue<int>> queue(std::in_place);
  const auto work = [&](std::shared_ptr<int> held) -> Future<void> {
    for (;;) *held += co_await queue->get();
  };
  auto worker = work(alive);
  queue->put_nowait(3);
  settle();
  EXPECT_EQ(*alive, 3);
  EXPECT_EQ(alive.use_count(), 2);
  queue.reset();
  settle();
  EXPECT_EQ(alive.use_count(), 1);
  EXPECT_THROW(worker.result(), concurrent::CancelledError);
}

TEST(QueuesAndTheLoop, a_closed_loop_frees_its_waiters) {
  auto alive = std::make_shared<int>(0);
  Queue<int> outlives(1);
  {
    test::VirtualLoop virtual_loop;
    auto inner = std::make_shared<Queue<int>>(1);
    const auto gets = [&](std::shared_ptr<int> held,
                          std::shared_ptr<Queue<int>> from) -> Future<void> {
      *held += co_await from->get(std::chrono::hours(1));
    };
    const auto puts = [&](std::shared_ptr<int> held) -> Future<void> {
      for (;;) co_await outlives.put(++*held, std::chrono::hours(1));
    };
    virtual_loop.loop.run_sync([&]() -> Future<void> {
      for (int n = 0; n < 3; ++n) {
        static_cast<void>(gets(alive, inner));
        static_cast<void>(puts(alive));
      }
      co_await gen::sleep(1);
    });
    EXPECT_GT(alive.use_count(), 1);
  }
  EXPECT_EQ(alive.use_count(), 1);
  EXPECT_EQ(outlives.qsize(), 1u);
}

}  // namespace
}  // namespace tornado
