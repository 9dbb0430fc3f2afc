// Tests what a loop reports to its probe.
#include <tornado/loop_probe.h>

#include <algorithm>
#include <thread>

#include "counting_new.h"
#include "loop/loop_state.h"
#include "loop_test_util.h"

namespace tornado::test {
namespace {

using ioloop::IOLoop;
using ioloop::LoopRecord;
using ioloop::RecordKind;
using ioloop::RecordRing;

std::vector<LoopRecord> take_all(RecordRing& ring) {
  std::vector<LoopRecord> records(RecordRing::kCapacity);
  records.resize(ring.take(records.data(), records.size()));
  return records;
}

std::vector<LoopRecord> of_kind(const std::vector<LoopRecord>& records, RecordKind kind) {
  std::vector<LoopRecord> found;
  std::ranges::copy_if(records, std::back_inserter(found),
                       [kind](const LoopRecord& record) { return record.kind == kind; });
  return found;
}

std::string name(const LoopRecord& record) {
  return ioloop::record_name(record.name).text;
}

// Runs `function` on a new loop in virtual time, and returns the records.
template <class F>
std::vector<LoopRecord> recorded(F function) {
  RecordRing ring;
  VirtualLoop made;
  made.loop.set_probe(&ring);
  made.loop.run_sync(std::move(function));
  made.loop.set_probe(nullptr);
  return take_all(ring);
}

TEST(LoopProbe, a_loop_that_nobody_watches_has_no_recorder) {
  IOLoop loop;
  EXPECT_EQ(loop.internals().recorder, nullptr);
  RecordRing ring;
  loop.set_probe(&ring);
  EXPECT_NE(loop.internals().recorder, nullptr);
  loop.set_probe(nullptr);
  EXPECT_EQ(loop.internals().recorder, nullptr);
}

TEST(LoopProbe, an_iteration_is_its_number_what_runs_and_the_sleep) {
  RecordRing ring;
  IOLoop loop;
  loop.set_probe(&ring);
  int calls = 0;
  loop.add_callback([&] {
    ++calls;
    loop.add_callback([&] {
      ++calls;
      loop.stop();
    });
  });
  loop.start();
  ASSERT_EQ(calls, 2);
  const auto records = take_all(ring);
  const auto iterations = of_kind(records, RecordKind::kIteration);
  ASSERT_EQ(iterations.size(), 2u);
  EXPECT_EQ(iterations[0].id, 1u);
  EXPECT_EQ(iterations[0].arg, 1u << 16);  // one callback, no completed future
  EXPECT_EQ(iterations[1].id, 2u);
  const auto runs = of_kind(records, RecordKind::kRun);
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0].arg, 1u);  // step 1
  EXPECT_LE(runs[0].start_ns + runs[0].duration_ns, runs[1].start_ns);
  const auto ready = of_kind(records, RecordKind::kReady);
  ASSERT_EQ(ready.size(), 1u);  // the first was queued before the loop ran, through the mailbox
  EXPECT_EQ(ready[0].arg, runs[0].id);
  EXPECT_EQ(ready[0].id, runs[1].id);
  const auto sleeps = of_kind(records, RecordKind::kSleep);
  ASSERT_EQ(sleeps.size(), 2u);
  EXPECT_EQ(sleeps[0].id, 0u);  // it did not wait, because a callback was queued
}

TEST(LoopProbe, a_function_is_called_by_where_it_was_written) {
  IOLoop loop;
  RecordRing ring;
  loop.set_probe(&ring);
  loop.add_callback([&loop] { loop.stop(); });
  loop.start();
  EXPECT_THAT(name(of_kind(take_all(ring), RecordKind::kRun).at(0)),
              ::testing::AllOf(::testing::HasSubstr("a_function_is_called_by_where_it_was_written"),
                               ::testing::Not(::testing::HasSubstr("Callback<")),
                               ::testing::Not(::testing::HasSubstr("anonymous"))));
}

TEST(LoopProbe, a_probe_may_go_before_its_loop) {
  IOLoop loop;
  {
    RecordRing ring;
    loop.set_probe(&ring);
  }
  loop.add_callback([&loop] { loop.stop(); });
  loop.start();
}

TEST(LoopProbe, a_loop_may_go_before_its_probe) {
  RecordRing ring;
  {
    IOLoop loop;
    loop.set_probe(&ring);
  }
  IOLoop next;
  next.set_probe(&ring);
}

TEST(LoopProbe, a_probe_has_one_loop_at_a_time) {
  RecordRing ring;
  IOLoop loop;
  IOLoop other;
  loop.set_probe(&ring);
  loop.set_probe(&ring);
  EXPECT_THROW(other.set_probe(&ring), std::invalid_argument);
  loop.set_probe(nullptr);
  other.set_probe(&ring);
}

Future<void> sleeper() {
  co_await gen::sleep(0.5);
}

TEST(LoopProbe, a_coroutine_tells_where_it_waits_and_who_woke_it) {
  constexpr int kLine = __LINE__ - 4;
  const auto records = recorded([] { return sleeper(); });
  const auto suspended = of_kind(records, RecordKind::kSuspend);
  const auto found = std::ranges::find_if(suspended, [](const LoopRecord& record) {
    return ioloop::record_name(record.name).line == kLine;
  });
  ASSERT_NE(found, suspended.end());
  const auto place = ioloop::record_name(found->name);
  EXPECT_THAT(place.text, ::testing::EndsWith("sleeper"));
  EXPECT_THAT(place.text, ::testing::Not(::testing::HasSubstr("(")));
  EXPECT_THAT(place.file, ::testing::EndsWith("loop_probe_test.cc"));

  const auto timer = of_kind(records, RecordKind::kTimerSet).at(0);
  EXPECT_EQ(timer.duration_ns / 1'000'000, 500u);
  const auto is_about = [](RecordKind kind, std::uint32_t id) {
    return [=](const LoopRecord& record) { return record.kind == kind && record.id == id; };
  };
  const auto fired = std::ranges::find_if(records, is_about(RecordKind::kTimerFired, timer.id));
  const auto woken = std::ranges::find_if(records, is_about(RecordKind::kReady, found->id));
  const auto resumed = std::ranges::find_if(records, is_about(RecordKind::kResume, found->id));
  const auto ran = std::ranges::find_if(records, is_about(RecordKind::kRun, found->id));
  ASSERT_TRUE(fired != records.end() && woken != records.end() && resumed != records.end() &&
              ran != records.end());
  EXPECT_EQ(woken->arg, timer.id);  // the timer's callback completed the future
  EXPECT_EQ(resumed->arg, found->arg);
  EXPECT_EQ(ran->arg, 3u);
  EXPECT_EQ(ran->name, found->name);
  EXPECT_TRUE(fired < woken && woken < resumed && resumed < ran);
}

TEST(LoopProbe, a_timer_tells_how_late_it_is_and_that_it_was_removed) {
  RecordRing ring;
  VirtualLoop made;
  made.loop.set_probe(&ring);
  const auto removed = made.loop.call_later(9, [] {});
  made.loop.call_later(1, [&] {
    made.clock.advance(3);  // a callback that takes long
    made.loop.remove_timeout(removed);
  });
  made.loop.call_later(2, [&] { made.loop.stop(); });
  made.loop.start();
  const auto records = take_all(ring);
  const auto set = of_kind(records, RecordKind::kTimerSet);
  const auto fired = of_kind(records, RecordKind::kTimerFired);
  ASSERT_EQ(set.size(), 3u);
  ASSERT_EQ(fired.size(), 2u);
  EXPECT_EQ(set[0].duration_ns, 9'000'000'000u);
  EXPECT_EQ(fired[0].id, set[1].id);
  EXPECT_EQ(fired[0].duration_ns, 0u);
  EXPECT_EQ(fired[1].id, set[2].id);
  EXPECT_EQ(fired[1].duration_ns, 2'000'000'000u);
  EXPECT_EQ(of_kind(records, RecordKind::kTimerRemoved).at(0).id, set[0].id);
}

TEST(LoopProbe, descriptors_open_are_handled_and_close) {
  RecordRing ring;
  IOLoop loop;
  loop.set_probe(&ring);
  const Pipe pipe;
  pipe.fill();
  loop.add_handler(
      pipe.read_end,
      [&](int fd, std::uint32_t) {
        pipe.drain();
        loop.remove_handler(fd);
        loop.stop();
      },
      IOLoop::READ);
  loop.start();
  std::vector<LoopRecord> records = take_all(ring);
  std::erase_if(records, [&](const LoopRecord& record) { return record.fd != pipe.read_end; });
  std::erase_if(records,
                [](const LoopRecord& record) { return record.kind == RecordKind::kIteration; });
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[0].kind, RecordKind::kOpen);
  EXPECT_EQ(records[0].arg, IOLoop::READ);
  EXPECT_EQ(records[1].kind, RecordKind::kClose);  // it was removed before its handler ended
  EXPECT_EQ(records[2].kind, RecordKind::kHandle);
  EXPECT_EQ(records[2].arg, IOLoop::READ);
  EXPECT_EQ(records[2].name, records[0].name);
}

TEST(LoopProbe, a_job_tells_when_it_ran_and_on_which_thread) {
  RecordRing ring;
  IOLoop loop;
  loop.set_probe(&ring);
  std::uint32_t thread = 0;
  loop.run_sync([&] {
    return loop.run_in_executor(nullptr, [&] { thread = static_cast<std::uint32_t>(::gettid()); });
  });
  const auto records = take_all(ring);
  const auto queued = of_kind(records, RecordKind::kPoolQueued);
  const auto ran = of_kind(records, RecordKind::kPoolRan);
  ASSERT_EQ(queued.size(), 1u);
  ASSERT_EQ(ran.size(), 1u);
  EXPECT_EQ(queued[0].id, ran[0].id);
  EXPECT_LE(queued[0].start_ns, ran[0].start_ns);
  EXPECT_GT(ran[0].duration_ns, 0u);
  EXPECT_EQ(ran[0].arg, thread);
}

TEST(LoopProbe, a_probe_that_is_set_later_hears_what_is_there) {
  RecordRing ring;
  IOLoop loop;
  const Pipe pipe;
  loop.add_handler(pipe.read_end, [](int, std::uint32_t) {}, IOLoop::READ);
  Future<void> hold;
  const auto waiting = [&hold]() -> Future<void> { co_await hold; };
  const auto done = waiting();
  loop.set_probe(&ring);
  const auto records = take_all(ring);
  for (const LoopRecord& record : records) EXPECT_EQ(record.flags, LoopRecord::kEarlier);
  const auto open = of_kind(records, RecordKind::kOpen);
  EXPECT_TRUE(std::ranges::any_of(
      open, [&](const LoopRecord& record) { return record.fd == pipe.read_end; }));
  const auto suspended = of_kind(records, RecordKind::kSuspend);
  ASSERT_EQ(suspended.size(), 1u);
  EXPECT_THAT(ioloop::record_name(suspended[0].name).file,
              ::testing::EndsWith("loop_probe_test.cc"));
  hold.set_result();
  loop.run_sync([done] { return done; });
}

TEST(LoopProbe, a_callback_may_remove_the_probe_and_set_another) {
  RecordRing first;
  RecordRing second;
  IOLoop loop;
  loop.set_probe(&first);
  loop.add_callback([&] {
    loop.set_probe(nullptr);
    loop.add_callback([&] {
      loop.set_probe(&second);
      loop.add_callback([&] { loop.stop(); });
    });
  });
  loop.start();
  EXPECT_TRUE(of_kind(take_all(first), RecordKind::kRun).empty());  // it had not ended yet
  EXPECT_EQ(of_kind(take_all(second), RecordKind::kRun).size(), 1u);
}

TEST(LoopProbe, a_full_ring_counts_what_it_drops) {
  RecordRing ring(5);  // rounded up to 8
  for (std::uint32_t i = 0; i < 11; ++i) ring.record({.id = i});
  EXPECT_EQ(ring.dropped(), 3u);
  LoopRecord taken[16];
  ASSERT_EQ(ring.take(taken, 3), 3u);
  EXPECT_EQ(taken[0].id, 0u);
  ring.record({.id = 20});
  ASSERT_EQ(ring.take(taken, 16), 6u);
  EXPECT_EQ(taken[4].id, 7u);
  EXPECT_EQ(taken[5].id, 20u);
  EXPECT_EQ(ring.take(taken, 16), 0u);
}

TEST(LoopProbe, another_thread_takes_the_records_in_order_and_none_is_lost) {
  constexpr std::uint32_t kCount = 100'000;
  RecordRing ring(64);
  std::uint64_t taken = 0;
  bool in_order = true;
  std::thread reader([&] {
    LoopRecord batch[16];
    std::uint32_t last = 0;
    while (last != kCount) {
      const std::size_t count = ring.take(batch, 16);
      for (std::size_t i = 0; i < count; ++i) {
        in_order = in_order && batch[i].id > last && batch[i].arg == batch[i].id;
        last = batch[i].id;
      }
      taken += count;
      if (count == 0) std::this_thread::yield();
    }
  });
  std::uint64_t lost = 0;
  for (std::uint32_t i = 1; i <= kCount; ++i) {
    for (std::uint64_t before = ring.dropped(); i == kCount;) {  // the last one must arrive
      ring.record({.id = i, .arg = i});
      if (ring.dropped() == before) break;
      before = ring.dropped();
      ++lost;
    }
    if (i < kCount) ring.record({.id = i, .arg = i});
  }
  reader.join();
  EXPECT_TRUE(in_order);
  EXPECT_EQ(taken + ring.dropped() - lost, kCount);
}

Future<void> work(int rounds) {
  for (int i = 0; i < rounds; ++i) co_await gen::sleep(0.001);
}

// Returns how often the second of two equal runs allocated. The first one fills the lists of the
// loop.
long allocations_of_a_run(ioloop::LoopProbe* probe) {
  VirtualLoop made;
  made.loop.set_probe(probe);
  long before = 0;
  for (int run = 0; run < 2; ++run) {
    before = allocations();
    made.loop.run_sync([] { return work(500); });
  }
  const long count = allocations() - before;
  made.loop.set_probe(nullptr);
  return count;
}

TEST(LoopProbe, recording_allocates_nothing) {
  RecordRing ring;
  allocations_of_a_run(nullptr);  // fills the free lists of the thread
  const long without = allocations_of_a_run(nullptr);
  EXPECT_EQ(allocations_of_a_run(&ring), without);
  EXPECT_GT(take_all(ring).size(), 5'000u);
  EXPECT_EQ(ring.dropped(), 0u);
}

}  // namespace
}  // namespace tornado::test
