#include <tornado/locks.h>

#include <chrono>
#include <optional>

#include "loop_test_util.h"

namespace tornado {
namespace {

using ::testing::ElementsAre;

class Locks : public ::testing::Test, protected test::VirtualLoop {
 protected:
  // Starts a coroutine, which reports what happens to it in `said`.
  template <class F>
  void start(F coroutine) {
    loop.spawn_callback(std::move(coroutine));
  }
  // Runs everything that can run without waiting for time.
  void settle() {
    loop.run_sync([]() -> Future<void> {
      for (int round = 0; round < 5; ++round) co_await gen::moment;
    });
  }

  std::vector<std::string> said;
};

// ---- Condition ----------------------------------------------------------------------------------

// LK-01
TEST_F(Locks, notify_wakes_the_oldest_waiters) {
  locks::Condition condition;
  const auto waiter = [&](std::string name) -> Future<void> {
    const bool notified = co_await condition.wait();
    said.push_back(name + (notified ? " notified" : " late"));
  };
  for (const char* name : {"a", "b", "c", "d"}) start([&, name] { return waiter(name); });
  settle();
  condition.notify();
  settle();
  EXPECT_THAT(said, ElementsAre("a notified"));
  condition.notify(2);
  settle();
  EXPECT_THAT(said, ElementsAre("a notified", "b notified", "c notified"));
  condition.notify_all();
  condition.notify(7);
  settle();
  EXPECT_EQ(said.size(), 4u);
}

// LK-01
TEST_F(Locks, a_notice_is_not_kept_for_later_waiters) {
  locks::Condition condition;
  condition.notify_all();
  auto wait = condition.wait();
  settle();
  EXPECT_FALSE(wait.done());
}

// LK-01
TEST_F(Locks, wait_gives_false_at_its_timeout) {
  locks::Condition condition;
  loop.run_sync([&]() -> Future<void> {
    const bool in_time = co_await condition.wait(std::chrono::seconds(2));
    EXPECT_FALSE(in_time);
    EXPECT_EQ(loop.time(), 1002);
    const bool by_the_clock = co_await condition.wait(1005.0);
    EXPECT_FALSE(by_the_clock);
    EXPECT_EQ(loop.time(), 1005);
    loop.call_later(1, [&] { condition.notify(); });
    const bool notified = co_await condition.wait(std::chrono::hours(1));
    EXPECT_TRUE(notified);
    EXPECT_EQ(loop.time(), 1006);
  });
  // No timer is left to wait for, so no hour of virtual time passes.
  loop.run_sync([] { return gen::sleep(1); });
  EXPECT_EQ(loop.time(), 1007);
}

// LK-01
TEST_F(Locks, a_notice_does_not_go_to_a_waiter_that_timed_out_or_was_cancelled) {
  locks::Condition condition;
  auto late = condition.wait(std::chrono::seconds(1));
  auto cancelled = condition.wait();
  std::optional<Future<bool>> dropped = condition.wait();
  auto alive = condition.wait();
  loop.run_sync([] { return gen::sleep(2); });
  cancelled.cancel();
  dropped.reset();
  condition.notify();
  EXPECT_FALSE(late.result());
  EXPECT_TRUE(cancelled.cancelled());
  EXPECT_TRUE(alive.result());
}

// LK-01
TEST_F(Locks, notify_all_wakes_only_the_present_waiters) {
  locks::Condition condition;
  int rounds = 0;
  start([&]() -> Future<void> {
    for (;;) {
      co_await condition.wait();
      ++rounds;
    }
  });
  settle();
  condition.notify_all();
  settle();
  EXPECT_EQ(rounds, 1);
}

// ---- Event --------------------------------------------------------------------------------------

// LK-02
TEST_F(Locks, an_event_wakes_everybody_until_it_is_cleared) {
  locks::Event event;
  EXPECT_FALSE(event.is_set());
  auto first = event.wait();
  auto second = event.wait();
  EXPECT_FALSE(first.done());
  event.set();
  event.set();
  EXPECT_TRUE(event.is_set());
  EXPECT_TRUE(first.done());
  EXPECT_TRUE(second.done());
  EXPECT_TRUE(event.wait().done());
  event.clear();
  EXPECT_FALSE(event.is_set());
  EXPECT_FALSE(event.wait().done());
}

// LK-02
TEST_F(Locks, wait_throws_at_its_timeout) {
  locks::Event event;
  loop.run_sync([&]() -> Future<void> {
    EXPECT_THROW(co_await event.wait(std::chrono::milliseconds(500)), gen::TimeoutError);
    EXPECT_EQ(loop.time(), 1000.5);
    EXPECT_THROW(co_await event.wait(1001), gen::TimeoutError);
    EXPECT_EQ(loop.time(), 1001);
  });
}

// LK-02
TEST_F(Locks, waits_that_were_given_up_do_not_pile_up) {
  using Wait = core::FutureWaiting<void>;
  using core::Ref;
  using core::WaitList;
  WaitList list;
  for (std::size_t n = 0; n < 100 * WaitList::kFirstSweep; ++n) {
    static_cast<void>(
        wait_in(list, Ref<Wait>(new Wait), {}));  // dropped: noticed when the list has grown
    ASSERT_LE(list.size(), WaitList::kFirstSweep);
  }
}

// LK-02
TEST_F(Locks, a_cancelled_or_late_waiter_leaves_the_list_at_once) {
  using Wait = core::FutureWaiting<void>;
  using core::Ref;
  core::WaitList list;
  auto cancelled = wait_in(list, Ref<Wait>(new Wait), {});
  auto late = wait_in(list, Ref<Wait>(new Wait), std::chrono::seconds(1));
  EXPECT_EQ(list.size(), 2u);
  cancelled.cancel();
  EXPECT_EQ(list.size(), 1u);
  loop.run_sync([] { return gen::sleep(2); });
  EXPECT_EQ(list.size(), 0u);
  EXPECT_THROW(late.result(), gen::TimeoutError);
}

// ---- Semaphore ----------------------------------------------------------------------------------

// LK-03
TEST_F(Locks, a_semaphore_admits_as_many_as_it_has_permits_and_the_others_in_order) {
  locks::Semaphore semaphore(2);
  const auto worker = [&](std::string name) -> Future<void> {
    auto guard = co_await semaphore.scoped();
    said.push_back(name);
    co_await gen::sleep(1);
  };
  for (const char* name : {"a", "b", "c", "d", "e"}) start([&, name] { return worker(name); });
  settle();
  EXPECT_THAT(said, ElementsAre("a", "b"));
  loop.run_sync([] { return gen::sleep(1.5); });
  EXPECT_THAT(said, ElementsAre("a", "b", "c", "d"));
  loop.run_sync([] { return gen::sleep(1); });
  EXPECT_THAT(said, ElementsAre("a", "b", "c", "d", "e"));
}

// LK-03
TEST_F(Locks, a_guard_gives_its_permit_back_however_the_block_ends) {
  locks::Semaphore semaphore;
  loop.run_sync([&]() -> Future<void> {
    try {
      auto guard = co_await semaphore.scoped();
      throw std::runtime_error("in the block");
    } catch (const std::runtime_error&) {
    }
    auto again = semaphore.scoped();
    EXPECT_TRUE(again.done());
    auto guard = co_await std::move(again);
    EXPECT_TRUE(guard);
    guard.release();
    guard.release();
    EXPECT_FALSE(guard);
    EXPECT_TRUE(semaphore.scoped().done());
  });
}

// LK-03
TEST_F(Locks, a_detached_permit_is_given_back_by_hand) {
  locks::BoundedSemaphore semaphore(1);
  loop.run_sync([&]() -> Future<void> {
    {
      auto guard = co_await semaphore.scoped();
      guard.detach();
    }
    EXPECT_FALSE(semaphore.scoped().done());
    semaphore.release();
    EXPECT_TRUE(semaphore.scoped().done());
  });
}

// LK-03
TEST_F(Locks, acquire_and_release_without_a_guard) {
  locks::BoundedSemaphore semaphore(1);
  locks::Lock lock;
  loop.run_sync([&]() -> Future<void> {
    co_await semaphore.acquire();
    co_await lock.acquire();
    EXPECT_TRUE(lock.locked());
    auto permit = semaphore.acquire();
    auto turn = lock.acquire(std::chrono::seconds(1));
    auto dropped = std::make_unique<Future<void>>(lock.acquire());
    auto last = lock.scoped();
    EXPECT_FALSE(permit.done() || turn.done() || last.done());
    semaphore.release();
    co_await permit;
    semaphore.release();
    EXPECT_THROW(semaphore.release(), std::invalid_argument);
    EXPECT_THROW(co_await turn, gen::TimeoutError);
    dropped.reset();
    lock.release();
    EXPECT_TRUE(last.done()) << "a lock for nobody goes to the next";
    EXPECT_TRUE(lock.locked());
  });
}

// LK-03
TEST_F(Locks, a_guard_moves) {
  locks::Semaphore semaphore(2);
  loop.run_sync([&]() -> Future<void> {
    auto first = co_await semaphore.scoped();
    auto second = co_await semaphore.scoped();
    locks::Guard kept = std::move(first);
    auto waits = semaphore.scoped();
    EXPECT_FALSE(waits.done());
    kept = std::move(second);
    EXPECT_TRUE(waits.done());
    auto& same = kept;
    kept = std::move(same);
    EXPECT_TRUE(kept);
  });
}

// LK-03
TEST_F(Locks, release_adds_a_permit_to_a_semaphore) {
  locks::Semaphore semaphore(0);
  auto first = semaphore.scoped();
  EXPECT_FALSE(first.done());
  semaphore.release();
  EXPECT_TRUE(first.done());
  semaphore.release();
  semaphore.release();
  auto second = semaphore.scoped();
  auto third = semaphore.scoped();
  auto fourth = semaphore.scoped();
  EXPECT_TRUE(second.done());
  EXPECT_TRUE(third.done());
  EXPECT_FALSE(fourth.done());
}

// LK-03
TEST_F(Locks, a_bounded_semaphore_and_a_lock_refuse_a_release_too_many) {
  locks::BoundedSemaphore semaphore(1);
  EXPECT_THROW(semaphore.release(), std::invalid_argument);
  locks::Lock lock;
  EXPECT_THROW(lock.release(), std::runtime_error);
  EXPECT_TRUE(semaphore.scoped().done());
  EXPECT_THROW(semaphore.release(), std::invalid_argument);
}

// LK-03
TEST_F(Locks, a_semaphore_begins_with_no_less_than_nothing) {
  EXPECT_THROW(locks::Semaphore(-1), std::invalid_argument);
  EXPECT_THROW(locks::BoundedSemaphore(-7L), std::invalid_argument);
}

// LK-03
TEST_F(Locks, acquire_throws_at_its_timeout_and_no_permit_is_lost) {
  locks::Semaphore semaphore(1);
  loop.run_sync([&]() -> Future<void> {
    auto guard = co_await semaphore.scoped();
    EXPECT_THROW((void)co_await semaphore.scoped(std::chrono::seconds(1)), gen::TimeoutError);
    EXPECT_EQ(loop.time(), 1001);
    guard.release();
    auto again = co_await semaphore.scoped(std::chrono::seconds(1));
    EXPECT_TRUE(again);
    EXPECT_EQ(loop.time(), 1001);
  });
}

// LK-03
TEST_F(Locks, a_permit_for_a_waiter_that_gave_up_goes_to_the_next) {
  locks::Semaphore semaphore(0);
  auto late = semaphore.scoped(std::chrono::seconds(1));
  auto cancelled = semaphore.scoped();
  std::optional<Future<locks::Guard>> dropped = semaphore.scoped();
  auto alive = semaphore.scoped();
  loop.run_sync([] { return gen::sleep(2); });
  cancelled.cancel();
  dropped.reset();
  semaphore.release();
  EXPECT_TRUE(alive.done());
  EXPECT_THROW((void)std::move(late).result(), gen::TimeoutError);
}

// LK-03
TEST_F(Locks, a_permit_that_is_never_looked_at_comes_back) {
  locks::Semaphore semaphore(1);
  std::optional<Future<locks::Guard>> held = semaphore.scoped();
  auto next = semaphore.scoped();
  EXPECT_FALSE(next.done());
  held.reset();
  EXPECT_TRUE(next.done());
}

// LK-03
TEST_F(Locks, a_guard_may_outlive_its_semaphore) {
  locks::Guard guard;
  {
    locks::Semaphore semaphore(1);
    guard = semaphore.scoped().result();
  }
  guard.release();
}

// ---- Lock ---------------------------------------------------------------------------------------

// LK-03
TEST_F(Locks, a_lock_admits_one_at_a_time) {
  locks::Lock lock;
  int inside = 0;
  int most = 0;
  const auto worker = [&]() -> Future<void> {
    auto guard = co_await lock.scoped();
    most = std::max(most, ++inside);
    co_await gen::sleep(1);
    --inside;
  };
  loop.run_sync([&]() -> Future<void> {
    EXPECT_FALSE(lock.locked());
    std::vector<Future<void>> all;
    for (int n = 0; n < 10; ++n) all.push_back(worker());
    EXPECT_TRUE(lock.locked());
    co_await all;
  });
  EXPECT_EQ(most, 1);
  EXPECT_EQ(loop.time(), 1010);
  EXPECT_FALSE(lock.locked());
}

// LK-03
TEST_F(Locks, release_of_a_lock_ends_the_turn_of_its_guard) {
  locks::Lock lock;
  loop.run_sync([&]() -> Future<void> {
    auto next = lock.scoped();
    {
      auto guard = co_await std::move(next);
      next = lock.scoped();
      lock.release();
      EXPECT_TRUE(next.done());
    }
    // The first guard is gone, and the second still has the lock.
    EXPECT_TRUE(lock.locked());
    EXPECT_FALSE(lock.scoped().done());
  });
}

// LK-03
TEST_F(Locks, a_guard_without_a_name_releases_at_once) {
  locks::Lock lock;
  loop.run_sync([&]() -> Future<void> {
    (void)co_await lock.scoped();
    EXPECT_FALSE(lock.locked());
    EXPECT_THROW(lock.release(), std::runtime_error);
  });
}

// ---- cancelling ---------------------------------------------------------------------------------

// LK-03
TEST_F(Locks, a_coroutine_that_is_cancelled_while_it_waits_loses_no_permit) {
  locks::Lock lock;
  const auto worker = [&](std::string name) -> Future<void> {
    auto guard = co_await lock.scoped();
    said.push_back(name);
    co_await gen::sleep(10);
  };
  loop.run_sync([&]() -> Future<void> {
    auto first = worker("first");
    auto second = worker("second");
    auto third = worker("third");
    co_await gen::moment;
    second.cancel();
    co_await gen::moment;
    EXPECT_TRUE(second.cancelled());
    first.cancel();  // it holds the lock, and its guard releases it
    co_await gen::sleep(1);
    EXPECT_TRUE(first.cancelled());
    EXPECT_FALSE(third.done());
  });
  EXPECT_THAT(said, ElementsAre("first", "third"));
}

// LK-03
TEST_F(Locks, a_permit_that_came_before_the_cancelling_is_held_and_given_back) {
  locks::Semaphore semaphore(0);
  const auto worker = [&]() -> Future<void> {
    auto guard = co_await semaphore.scoped();
    said.push_back("got it");
    co_await gen::sleep(10);
    said.push_back("not reached");
  };
  loop.run_sync([&]() -> Future<void> {
    auto working = worker();
    auto next = semaphore.scoped();
    semaphore.release();
    working.cancel();
    EXPECT_FALSE(next.done());
    auto guard = co_await std::move(next);
    EXPECT_TRUE(working.cancelled());
    EXPECT_EQ(loop.time(), 1000);
  });
  EXPECT_THAT(said, ElementsAre("got it"));
}

// LK-01
TEST_F(Locks, a_notice_goes_past_a_coroutine_that_was_cancelled) {
  locks::Condition condition;
  const auto waiter = [&](std::string name) -> Future<void> {
    co_await condition.wait(std::chrono::hours(1));
    said.push_back(name);
  };
  loop.run_sync([&]() -> Future<void> {
    auto first = waiter("first");
    auto second = waiter("second");
    first.cancel();
    condition.notify();
    co_await second;
    EXPECT_TRUE(first.cancelled());
  });
  EXPECT_THAT(said, ElementsAre("second"));
  EXPECT_EQ(loop.time(), 1000);
}

// LK-02
TEST_F(Locks, a_deadline_ends_a_wait_for_an_event) {
  locks::Event event;
  const auto waiter = [&]() -> Future<void> { co_await event.wait(); };
  loop.run_sync([&]() -> Future<void> {
    auto waiting = waiter();
    EXPECT_THROW(co_await gen::with_deadline(std::chrono::seconds(1), waiting), gen::TimeoutError);
    EXPECT_TRUE(waiting.done());
  });
}

// ---- what is left -------------------------------------------------------------------------------

TEST_F(Locks, destroying_them_cancels_their_waiters) {
  std::optional<locks::Condition> condition(std::in_place);
  std::optional<locks::Event> event(std::in_place);
  std::optional<locks::Semaphore> semaphore(std::in_place, 0);
  std::optional<locks::Lock> lock(std::in_place);
  auto notice = condition->wait(std::chrono::seconds(1));
  auto signal = event->wait(std::chrono::seconds(1));
  auto permit = semaphore->scoped(std::chrono::seconds(1));
  auto holder = lock->scoped();
  auto turn = lock->scoped();
  condition.reset();
  event.reset();
  semaphore.reset();
  lock.reset();
  EXPECT_TRUE(notice.cancelled());
  EXPECT_TRUE(signal.cancelled());
  EXPECT_TRUE(permit.cancelled());
  EXPECT_TRUE(turn.cancelled());
  EXPECT_TRUE(holder.done());
  loop.run_sync([] { return gen::sleep(2); });
}

TEST(LocksAndTheLoop, a_closed_loop_frees_holders_and_waiters) {
  auto counter = std::make_shared<int>(0);
  locks::Lock outlives;
  {
    test::VirtualLoop virtual_loop;
    locks::Lock lock;
    const auto worker = [&](locks::Lock* which, std::shared_ptr<int> alive) -> Future<void> {
      auto guard = co_await which->scoped(std::chrono::hours(1));
      co_await gen::sleep(1000);
      ++*alive;
    };
    virtual_loop.loop.run_sync([&]() -> Future<void> {
      for (int n = 0; n < 3; ++n) {
        static_cast<void>(worker(&lock, counter));
        static_cast<void>(worker(&outlives, counter));
      }
      co_await gen::sleep(1);
    });
    EXPECT_GT(counter.use_count(), 1);
  }
  EXPECT_EQ(counter.use_count(), 1);
  EXPECT_EQ(*counter, 0);
}

}  // namespace
}  // namespace tornado
