// Cancelling: what Future::cancel() does to coroutines, to what they wait for, and to others that
// wait for the same.
#include <tornado/locks.h>
#include <tornado/queues.h>

#include <chrono>
#include <memory>

#include "loop_test_util.h"

namespace tornado {
namespace {

using concurrent::CancelledError;
using ioloop::IOLoop;
using ::testing::ElementsAre;

using Words = std::vector<std::string>;

class Cancel : public ::testing::Test, protected test::VirtualLoop {
 protected:
  template <class F>
  void run(F function) {
    loop.run_sync(std::move(function));
  }

  // Notes how it ended.
  Future<void> note(std::string name, Future<void> work) {
    try {
      co_await work;
      words.push_back(name + " done");
    } catch (const CancelledError&) {
      words.push_back(name + " cancelled");
      throw;
    }
  }

  // Runs the loop for some rounds, so that what was queued runs.
  static Future<void> settle() {
    for (int i = 0; i < 10; ++i) co_await gen::moment;
  }

  Words words;
};

TEST_F(Cancel, a_coroutine_gets_the_exception_where_it_waits_and_is_then_done) {
  run([&]() -> Future<void> {
    Future<void> gate;
    auto work = note("work", gate);
    EXPECT_TRUE(work.cancel());
    EXPECT_FALSE(work.done()) << "cancel() ran somebody's code";
    EXPECT_TRUE(words.empty());
    co_await settle();
    EXPECT_TRUE(work.cancelled());
    EXPECT_FALSE(work.cancel());
    EXPECT_THAT(words, ElementsAre("work cancelled"));
    EXPECT_FALSE(gate.done()) << "a future that we made is ours to complete";
    gate.set_result();
  });
}

TEST_F(Cancel, the_innermost_of_several_coroutines_throws_first) {
  run([&]() -> Future<void> {
    auto outer = note("outer", note("middle", note("inner", gen::sleep(3600))));
    outer.cancel();
    co_await settle();
    EXPECT_TRUE(outer.cancelled());
    EXPECT_THAT(words, ElementsAre("inner cancelled", "middle cancelled", "outer cancelled"));
  });
  EXPECT_EQ(loop.time(), 1000);
}

TEST_F(Cancel, a_coroutine_may_await_in_its_clean_up) {
  const auto tidy = [&]() -> Future<void> {
    bool cancelled = false;
    try {
      co_await gen::sleep(3600);
    } catch (const CancelledError&) {
      cancelled = true;
    }
    co_await gen::sleep(5);
    words.push_back("tidied");
    if (cancelled) throw CancelledError();
  };
  run([&]() -> Future<void> {
    auto work = tidy();
    work.cancel();
    EXPECT_THROW(co_await work, CancelledError);
    EXPECT_EQ(loop.time(), 1005);
    EXPECT_THAT(words, ElementsAre("tidied"));
  });
}

TEST_F(Cancel, a_coroutine_may_go_on_and_asking_again_throws_again) {
  const auto stubborn = [&]() -> Future<int> {
    int refused = 0;
    while (refused < 3) {
      try {
        co_await gen::sleep(3600);
      } catch (const CancelledError&) {
        ++refused;
      }
    }
    co_return refused;
  };
  run([&]() -> Future<void> {
    auto work = stubborn();
    for (int i = 0; i < 3; ++i) {
      EXPECT_TRUE(work.cancel());
      EXPECT_TRUE(work.cancel()) << "before it was delivered: once more changes nothing";
      co_await settle();
    }
    EXPECT_EQ(work.result(), 3);
  });
}

TEST_F(Cancel, a_coroutine_that_runs_is_cancelled_at_its_next_wait) {
  std::vector<Future<void>> self;
  const auto work = [&]() -> Future<void> {
    co_await gen::moment;
    EXPECT_TRUE(self.front().cancel());
    words.push_back("still runs");
    Future<int> ready;
    ready.set_result(1);
    EXPECT_EQ(co_await ready, 1) << "no wait, no exception";
    co_await gen::sleep(3600);
    ADD_FAILURE();
  };
  run([&]() -> Future<void> {
    self.push_back(work());
    EXPECT_THROW(co_await self.front(), CancelledError);
  });
  self.clear();
  EXPECT_EQ(loop.time(), 1000);
  EXPECT_THAT(words, ElementsAre("still runs"));
}

TEST_F(Cancel, a_coroutine_that_ends_without_a_wait_keeps_its_result) {
  std::vector<Future<int>> self;
  const auto work = [&]() -> Future<int> {
    co_await gen::moment;
    self.front().cancel();
    co_return 7;
  };
  run([&]() -> Future<void> {
    self.push_back(work());
    EXPECT_EQ(co_await self.front(), 7);
  });
  self.clear();
}

TEST_F(Cancel, a_result_that_was_there_is_not_lost) {
  Future<std::string> gate;
  const auto work = [&]() -> Future<void> {
    words.push_back(co_await gate);
    co_await gen::sleep(3600);
  };
  run([&]() -> Future<void> {
    auto future = work();
    gate.set_result("item");
    EXPECT_TRUE(future.cancel());
    EXPECT_THROW(co_await future, CancelledError);
  });
  EXPECT_THAT(words, ElementsAre("item"));
  EXPECT_EQ(loop.time(), 1000);
}

// GEN-11
TEST_F(Cancel, moment_throws) {
  const auto work = []() -> Future<void> {
    for (;;) co_await gen::moment;
  };
  run([&]() -> Future<void> {
    auto future = work();
    future.cancel();
    EXPECT_THROW(co_await future, CancelledError);
  });
}

// GEN-10
TEST_F(Cancel, a_cancelled_sleep_leaves_no_timer) {
  auto token = std::make_shared<int>();
  auto slept = gen::sleep(3600);
  slept.add_done_callback([token](const Future<void>&) {});
  EXPECT_TRUE(slept.cancel());
  EXPECT_TRUE(slept.cancelled());
  run([] { return settle(); });
  EXPECT_EQ(token.use_count(), 1);
  EXPECT_EQ(loop.time(), 1000);
}

TEST_F(Cancel, what_others_wait_for_too_goes_on) {
  run([&]() -> Future<void> {
    Future<void> gate;
    auto shared = note("shared", gate);
    auto first = note("first", shared);
    auto second = note("second", shared);
    first.cancel();
    co_await settle();
    EXPECT_THAT(words, ElementsAre("first cancelled"));
    EXPECT_FALSE(shared.done());
    gate.set_result();
    co_await second;
    EXPECT_THAT(words, ElementsAre("first cancelled", "shared done", "second done"));
  });
}

TEST_F(Cancel, the_last_waiter_to_be_cancelled_cancels_the_work) {
  run([&]() -> Future<void> {
    auto shared = note("shared", gen::sleep(3600));
    auto first = note("first", shared);
    auto second = note("second", shared);
    first.cancel();
    second.cancel();
    co_await settle();
    EXPECT_TRUE(shared.cancelled());
    EXPECT_THAT(words, ElementsAre("first cancelled", "shared cancelled", "second cancelled"));
  });
}

TEST_F(Cancel, a_chained_future_shields_the_work) {
  run([&]() -> Future<void> {
    auto work = note("work", gen::sleep(5));
    Future<void> shield;
    concurrent::chain_future(work, shield);
    auto waiting = note("waiting", shield);
    waiting.cancel();
    co_await work;
    EXPECT_THAT(words, ElementsAre("waiting cancelled", "work done"));
  });
}

TEST_F(Cancel, an_unlooked_at_cancellation_is_not_logged_but_another_exception_is) {
  test::Logged logged;
  const auto angry = []() -> Future<void> {
    try {
      co_await gen::sleep(3600);
    } catch (const CancelledError&) {
      throw std::runtime_error("clean-up failed");
    }
  };
  run([&]() -> Future<void> {
    note("quiet", gen::sleep(3600)).cancel();
    angry().cancel();
    co_await settle();
  });
  EXPECT_THAT(logged.lines(), ElementsAre("tornado.application: Future exception was never "
                                          "retrieved: std::runtime_error: clean-up failed"));
}

// ---- on_cancel

// CON-01
TEST_F(Cancel, on_cancel_stops_the_work_of_a_waiter_that_is_alone) {
  auto token = std::make_shared<int>();
  run([&]() -> Future<void> {
    Future<void> operation;
    operation.on_cancel([&, token] { words.push_back("stopped"); });
    auto waiting = note("waiting", operation);
    waiting.cancel();
    EXPECT_TRUE(operation.cancelled());
    EXPECT_THAT(words, ElementsAre("stopped"));
    EXPECT_EQ(token.use_count(), 1);
    co_await settle();
    EXPECT_TRUE(waiting.cancelled());
  });
}

// CON-01
TEST_F(Cancel, on_cancel_is_freed_when_the_future_is_done_or_dies) {
  auto token = std::make_shared<int>();
  const auto never = [token] { ADD_FAILURE(); };
  const long others = token.use_count();
  Future<int> done;
  done.on_cancel(never);
  EXPECT_EQ(token.use_count(), others + 1);
  done.set_result(1);
  EXPECT_EQ(token.use_count(), others);
  EXPECT_FALSE(done.cancel());
  done.on_cancel(never);
  EXPECT_EQ(token.use_count(), others);
  {
    Future<int>().on_cancel(never);
  }
  EXPECT_EQ(token.use_count(), others);
  Future<int> twice;
  twice.on_cancel(never);
  twice.on_cancel([&] { words.push_back("second"); });
  EXPECT_EQ(token.use_count(), others);
  twice.cancel();
  EXPECT_THAT(words, ElementsAre("second"));
}

// CON-01
TEST_F(Cancel, on_cancel_without_a_function_lets_a_waiter_complete_the_future) {
  run([&]() -> Future<void> {
    Future<void> operation;
    operation.on_cancel();
    auto waiting = note("waiting", operation);
    waiting.cancel();
    EXPECT_TRUE(operation.cancelled());
    co_await settle();
    EXPECT_TRUE(waiting.cancelled());
    waiting.on_cancel([] { ADD_FAILURE(); });
    auto other = note("other", gen::sleep(3600));
    other.on_cancel([] { ADD_FAILURE() << "a coroutine knows itself what to do"; });
    other.cancel();
    co_await settle();
    EXPECT_TRUE(other.cancelled());
  });
}

// ---- multi and with_timeout

// GEN-05
TEST_F(Cancel, multi_cancels_all_and_waits_until_they_have_ended) {
  const auto tidy = [&](double time) -> Future<void> {
    try {
      co_await gen::sleep(3600);
    } catch (const CancelledError&) {
      words.push_back("asked");
    }
    co_await gen::sleep(time);
    words.push_back("ended");
  };
  run([&]() -> Future<void> {
    std::vector<Future<void>> list{tidy(1), tidy(3), gen::sleep(3600)};
    auto all = gen::multi(list);
    all.cancel();
    EXPECT_THROW(co_await all, CancelledError);
    EXPECT_EQ(loop.time(), 1003);
    EXPECT_THAT(words, ElementsAre("asked", "asked", "ended", "ended"));
    EXPECT_TRUE(list[2].cancelled());
  });
}

// GEN-05
TEST_F(Cancel, multi_releases_what_it_cannot_cancel) {
  run([&]() -> Future<void> {
    Future<int> ours;
    auto shared = gen::sleep(5);
    auto also = note("also", shared);
    auto all = gen::multi(ours, shared, gen::sleep(3600));
    all.cancel();
    EXPECT_THROW(co_await all, CancelledError);
    EXPECT_FALSE(ours.done());
    EXPECT_EQ(loop.time(), 1000);
    co_await also;
    std::map<int, Future<int>> table;
    table.emplace(1, ours);
    table.emplace(2, ours);
    auto both = gen::multi(table);
    both.cancel();
    EXPECT_THROW(co_await both, CancelledError);
    EXPECT_FALSE(ours.done());
  });
  EXPECT_THAT(words, ElementsAre("also done"));
}

// GEN-05
TEST_F(Cancel, a_child_that_is_cancelled_by_itself_is_the_first_failure) {
  test::Logged logged;
  run([&]() -> Future<void> {
    std::vector<Future<void>> list{gen::sleep(3), gen::sleep(1), gen::sleep(2)};
    auto all = gen::multi(list);
    list[0].cancel();
    list[2].cancel();
    EXPECT_THROW(co_await all, CancelledError);
    EXPECT_EQ(loop.time(), 1001);
  });
  EXPECT_TRUE(logged.lines().empty());
}

// GEN-12
TEST_F(Cancel, cancelling_with_timeout_cancels_the_work) {
  run([&]() -> Future<void> {
    auto timed = gen::with_timeout(std::chrono::seconds(5), note("work", gen::sleep(3600)));
    auto waiting = note("waiting", timed);
    waiting.cancel();
    co_await settle();
    EXPECT_TRUE(timed.cancelled());
    EXPECT_THAT(words, ElementsAre("work cancelled", "waiting cancelled"));
    Future<void> ours;
    auto other = gen::with_timeout(std::chrono::seconds(5), ours);
    other.cancel();
    EXPECT_TRUE(other.cancelled());
    EXPECT_FALSE(ours.done());
    ours.set_result();
    co_await gen::sleep(10);
  });
}

// ---- queues and locks

// QU-01
TEST_F(Cancel, an_item_does_not_go_to_a_get_that_was_cancelled) {
  queues::Queue<int> queue;
  const auto get = [&](std::string name) -> Future<void> {
    const int item = co_await queue.get();
    words.push_back(name + " got " + std::to_string(item));
  };
  run([&]() -> Future<void> {
    auto first = get("first");
    auto second = get("second");
    first.cancel();
    queue.put_nowait(1);  // before the first coroutine has unwound
    EXPECT_THROW(co_await first, CancelledError);
    co_await second;
    EXPECT_THAT(words, ElementsAre("second got 1"));
    EXPECT_THROW(co_await gen::with_deadline(std::chrono::seconds(5), queue.get()),
                 gen::TimeoutError);
    queue.put_nowait(2);
    EXPECT_EQ(co_await queue.get(), 2);
  });
}

// LK-03
TEST_F(Cancel, a_permit_does_not_stay_with_an_acquire_that_was_cancelled) {
  locks::Lock lock;
  const auto hold = [&](std::string name, double time) -> Future<void> {
    const auto guard = co_await lock.scoped();
    words.push_back(name);
    co_await gen::sleep(time);
  };
  run([&]() -> Future<void> {
    auto first = hold("first", 3600);
    auto second = hold("second", 3600);
    auto third = hold("third", 5);
    second.cancel();
    first.cancel();  // frees the lock before the second coroutine has unwound
    EXPECT_THROW(co_await second, CancelledError);
    co_await third;
    EXPECT_FALSE(lock.locked());
    EXPECT_THAT(words, ElementsAre("first", "third"));
    EXPECT_EQ(loop.time(), 1005);
  });
}

// ---- with_deadline

TEST_F(Cancel, with_deadline_gives_what_came_in_time) {
  const auto late_by = [](double time) -> Future<int> {
    co_await gen::sleep(time);
    co_return 4;
  };
  const auto fail = []() -> Future<void> {
    co_await gen::sleep(1);
    throw std::range_error("in time");
  };
  run([&]() -> Future<void> {
    EXPECT_EQ(co_await gen::with_deadline(std::chrono::seconds(5), late_by(4)), 4);
    EXPECT_EQ(co_await gen::with_deadline(loop.time() + 5, late_by(4)), 4);
    EXPECT_EQ(loop.time(), 1008);
    EXPECT_THROW(co_await gen::with_deadline(std::chrono::seconds(5), fail), std::range_error);
    EXPECT_EQ(loop.time(), 1009);
  });
}

TEST_F(Cancel, with_deadline_cancels_joins_and_throws) {
  const auto tidy = [&]() -> Future<void> {
    bool cancelled = false;
    try {
      co_await gen::sleep(3600);
    } catch (const CancelledError&) {
      cancelled = true;
    }
    co_await gen::sleep(2);
    words.push_back("tidied");
    if (cancelled) throw CancelledError();
  };
  run([&]() -> Future<void> {
    try {
      co_await gen::with_deadline(std::chrono::seconds(5), tidy());
      ADD_FAILURE();
    } catch (const gen::TimeoutError& error) {
      EXPECT_STREQ(error.what(), "Timeout");
    }
    EXPECT_EQ(loop.time(), 1007);
    EXPECT_THAT(words, ElementsAre("tidied"));
  });
}

TEST_F(Cancel, with_deadline_gives_a_result_that_came_all_the_same) {
  const auto stubborn = []() -> Future<std::unique_ptr<int>> {
    try {
      co_await gen::sleep(3600);
    } catch (const CancelledError&) {
    }
    co_return std::make_unique<int>(9);
  };
  const auto angry = []() -> Future<void> {
    try {
      co_await gen::sleep(3600);
    } catch (const CancelledError&) {
      throw std::range_error("clean-up failed");
    }
  };
  run([&]() -> Future<void> {
    const auto nine = co_await gen::with_deadline(std::chrono::seconds(5), stubborn());
    EXPECT_EQ(*nine, 9);
    EXPECT_THROW(co_await gen::with_deadline(std::chrono::seconds(5), angry()), std::range_error);
  });
}

TEST_F(Cancel, with_deadline_keeps_the_function_and_its_captures) {
  run([&]() -> Future<void> {
    auto token = std::make_shared<std::string>("kept until the work has ended");
    auto work = [&, token]() -> Future<std::string> {
      co_await gen::sleep(1);
      co_return *token;
    };
    auto timed = gen::with_deadline(std::chrono::seconds(5), std::move(work));
    EXPECT_EQ(co_await timed, "kept until the work has ended");
    EXPECT_EQ(token.use_count(), 1);
  });
}

TEST_F(Cancel, with_deadline_does_not_wait_for_what_it_cannot_cancel) {
  run([&]() -> Future<void> {
    Future<int> ours;
    EXPECT_THROW(co_await gen::with_deadline(std::chrono::seconds(5), ours), gen::TimeoutError);
    EXPECT_FALSE(ours.done());
    auto shared = note("shared", gen::sleep(20));
    auto other = note("other", shared);
    EXPECT_THROW(co_await gen::with_deadline(std::chrono::seconds(5), shared), gen::TimeoutError);
    EXPECT_EQ(loop.time(), 1010);
    co_await other;
    EXPECT_EQ(loop.time(), 1025);
  });
  EXPECT_THAT(words, ElementsAre("shared done", "other done"));
}

TEST_F(Cancel, with_deadline_can_be_cancelled_and_nested) {
  run([&]() -> Future<void> {
    auto timed = gen::with_deadline(std::chrono::seconds(5), note("work", gen::sleep(3600)));
    timed.cancel();
    EXPECT_THROW(co_await timed, CancelledError);
    EXPECT_THAT(words, ElementsAre("work cancelled"));
    EXPECT_EQ(loop.time(), 1000);
    const auto inner = []() -> Future<void> {
      co_await gen::with_deadline(std::chrono::seconds(50), gen::sleep(3600));
    };
    EXPECT_THROW(co_await gen::with_deadline(std::chrono::seconds(5), inner), gen::TimeoutError);
    EXPECT_EQ(loop.time(), 1005);
  });
  EXPECT_EQ(loop.time(), 1005);
}

TEST_F(Cancel, with_deadline_leaves_alone_a_clean_up_that_another_has_asked_for) {
  const auto tidy = [&]() -> Future<void> {
    bool cancelled = false;
    try {
      co_await gen::sleep(3600);
    } catch (const CancelledError&) {
      cancelled = true;
    }
    co_await gen::sleep(2);
    words.push_back("tidied");
    if (cancelled) throw CancelledError();
  };
  run([&]() -> Future<void> {
    auto timed = gen::with_deadline(std::chrono::seconds(1), tidy());
    co_await gen::sleep(0.5);
    timed.cancel();
    EXPECT_THROW(co_await timed, CancelledError);
    EXPECT_EQ(loop.time(), 1002.5);
    EXPECT_THAT(words, ElementsAre("tidied"));

    // A cancel() after the deadline interrupts the clean-up, and counts as what ended the
    // coroutine.
    auto asked = gen::with_deadline(std::chrono::seconds(1), tidy());
    co_await gen::sleep(1.5);
    asked.cancel();
    EXPECT_THROW(co_await asked, CancelledError);
    EXPECT_EQ(loop.time(), 1004);
  });
  EXPECT_THAT(words, ElementsAre("tidied"));
}

TEST_F(Cancel, a_thousand_coroutines_deep) {
  struct Nest {
    static Future<int> nested(int depth) {
      if (depth == 0) {
        co_await gen::sleep(3600);
        co_return 0;
      }
      co_return 1 + co_await nested(depth - 1);
    }
  };
  run([&]() -> Future<void> {
    auto work = Nest::nested(1000);
    work.cancel();
    EXPECT_THROW(co_await work, CancelledError);
  });
}

TEST_F(Cancel, a_frames_destructor_may_cancel_its_own_future) {
  struct Cancels {
    explicit Cancels(std::vector<Future<void>>& all) : futures(all) {}
    ~Cancels() {
      for (const auto& future : futures) future.cancel();
    }
    std::vector<Future<void>>& futures;
  };
  std::vector<Future<void>> self;
  {
    test::VirtualLoop inner;
    inner.loop.make_current();
    const auto work = [&self]() -> Future<void> {
      const Cancels at_end(self);
      co_await gen::sleep(3600);
    };
    self.push_back(work());
  }
  EXPECT_FALSE(self.front().done());
  self.clear();
  loop.make_current();
}

}  // namespace
}  // namespace tornado
