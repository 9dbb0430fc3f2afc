#include <gtest/gtest.h>

#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "03-ioloop/clock.h"
#include "08-coroutines/gen.h"
#include "support/story.h"

namespace {

using mini::Future;
using mini::IOLoop;
using story::Story;
using Events = std::vector<std::string>;

// Lets the loop run everything that is queued, and whatever that queues.
void settle(IOLoop& loop) {
  for (int i = 0; i < 10; ++i) {
    loop.add_callback([&loop] { loop.stop(); });
    loop.start();
  }
}

Future<void> note(Events& events, Future<void> gate) {
  events.push_back("before the wait");
  co_await gate;
  events.push_back("after the wait");
}

Future<int> add(Future<int> a, Future<int> b) {
  const int first = co_await a;
  const int second = co_await b;
  co_return first + second;
}

// Returns the result, or says why there is none.
std::string read(const Future<int>& future) {
  if (!future.done()) return "not done";
  try {
    return std::to_string(future.result());
  } catch (const std::exception& error) {
    return error.what();
  }
}

// ---- milestone 1

Future<int> answer(Events& events) {
  events.push_back("the body");
  co_return 42;
}

Future<void> only_note(Events& events) {
  events.push_back("the body");
  co_return;
}

Future<int> throw_up(std::string text) {
  throw std::runtime_error(text);
  co_return 1;
}

Future<int> keep(std::shared_ptr<int> kept) {
  co_return *kept;
}

TEST(Promise, a_body_begins_at_the_call) {
  Story story(
      "The body begins inside the call. Nobody has to await a coroutine to get it started.");
  IOLoop loop;
  Events events;
  story.step("the test calls a coroutine that has nothing to wait for");
  const Future<void> ended = only_note(events);
  story.expect("what has run", Events{"the body"}, events);
  story.expect("its future is done", true, ended.done());
}

TEST(Promise, a_result_reaches_the_caller) {
  Story story(
      "The promise in the frame and the caller's future must be two handles of one result. A new "
      "future belongs\n"
      "  to nobody.");
  IOLoop loop;
  Events events;
  story.step("the test calls a coroutine that returns 42");
  story.expect("the caller's future", std::string("42"), read(answer(events)));
}

TEST(Promise, what_is_thrown_reaches_the_caller) {
  Story story(
      "The caller may be long gone when the body throws. The exception goes into the future. If "
      "you "
      "catch and drop it,\n"
      "  whoever awaits that future waits forever.");
  IOLoop loop;
  story.step("the test calls a coroutine that throws \"no luck\"");
  story.expect("the caller's future", std::string("no luck"), read(throw_up("no luck")));
}

TEST(Promise, a_frame_goes_with_its_last_line) {
  Story story(
      "If a frame stops at its end, somebody must destroy it. The result is not in the frame, so "
      "let "
      "the frame go.");
  IOLoop loop;
  const auto owned = std::make_shared<int>(7);
  story.step("the test calls a coroutine with a shared pointer; it ends at once");
  story.expect("the caller's future", std::string("7"), read(keep(owned)));
  story.expect("owners of the pointer", 1L, owned.use_count());
}

// ---- milestone 2

TEST(Wait, ends_where_it_must) {
  Story story(
      "The body runs inside the call up to its first real wait, and from there inside the loop: "
      "never "
      "inside the call that\n"
      "  completes the future.");
  IOLoop loop;
  Events events;
  const Future<void> gate;
  story.step("the test calls a coroutine that waits for a gate");
  const Future<void> ended = note(events, gate);
  story.expect("what has run", Events{"before the wait"}, events);
  story.step("the gate is opened, and the loop runs");
  gate.set_result();
  story.expect("what has run before the loop runs", Events{"before the wait"}, events);
  settle(loop);
  story.expect("what has run", Events{"before the wait", "after the wait"}, events);
}

TEST(Wait, brings_the_results) {
  Story story(
      "What `co_await` gives is what await_resume() returns: the result of the future that was "
      "awaited.");
  IOLoop loop;
  const Future<int> a;
  const Future<int> b;
  story.step("the test calls a coroutine that adds the results of two futures");
  const Future<int> sum = add(a, b);
  story.expect("the caller's future", std::string("not done"), read(sum));
  story.step("the two futures are completed with 1 and 2");
  a.set_result(1);
  b.set_result(2);
  settle(loop);
  story.expect("the caller's future", std::string("3"), read(sum));
}

TEST(Wait, brings_what_is_thrown) {
  Story story(
      "The caller is long gone when the body throws. The exception goes into the future, and comes "
      "out of the\n"
      "  co_await of whoever awaits that. If you catch and drop it, that coroutine waits forever.");
  IOLoop loop;
  const Future<int> bad;
  const Future<int> good;
  good.set_result(1);
  story.step("a coroutine waits for a future, a second one for the first");
  const Future<int> inner = add(good, bad);
  const Future<int> outer = add(good, inner);
  story.step("the future fails with \"no luck\"");
  bad.set_exception(std::make_exception_ptr(std::runtime_error("no luck")));
  settle(loop);
  story.expect("the outer one's future", std::string("no luck"), read(outer));
}

TEST(Wait, not_for_what_is_there) {
  Story story(
      "Waiting for a result that is there gives everybody else a turn for nothing. That is why "
      "await_ready() comes first.");
  IOLoop loop;
  const Future<int> a;
  const Future<int> b;
  a.set_result(1);
  b.set_result(2);
  story.step("the test calls a coroutine that adds the results of two done futures");
  story.expect("the caller's future, before the loop runs", std::string("3"), read(add(a, b)));
}

TEST(Wait, ends_with_its_frame) {
  Story story(
      "Resume the frame, and it frees itself at its end. Whoever still holds it then holds freed "
      "memory.");
  IOLoop loop;
  const auto owned = std::make_shared<int>(1);
  const Future<void> gate;
  const auto keep = [](std::shared_ptr<int>, Future<void> future) -> Future<void> {
    co_await future;
  };
  story.step("the test calls a coroutine with a shared pointer, and it waits");
  const Future<void> ended = keep(owned, gate);
  story.expect("owners of the pointer", 2L, owned.use_count());
  story.step("its wait ends, and so does it");
  gate.set_result();
  settle(loop);
  story.expect("its future is done", true, ended.done());
  story.expect("owners of the pointer", 1L, owned.use_count());
}

TEST(Wait, or_goes_with_its_loop) {
  Story story(
      "An address owns nothing. Once the loop is gone, nobody will resume the frame, and only "
      "SuspendedFrames\n"
      "  can free it.");
  const auto owned = std::make_shared<int>(1);
  const Future<void> never;
  const auto keep = [](std::shared_ptr<int>, Future<void> future) -> Future<void> {
    co_await future;
  };
  {
    IOLoop loop;
    story.step("the test calls a coroutine with a shared pointer; its future is never completed");
    keep(owned, never);
    story.expect("owners of the pointer", 2L, owned.use_count());
    story.step("the loop is destroyed");
  }
  story.expect("owners of the pointer", 1L, owned.use_count());
}

// ---- milestone 3

Future<int> value_after(double seconds, int value) {
  const Future<void> slept = mini::gen::sleep(seconds);
  co_await slept;
  co_return value;
}

// Runs the loop, which has a virtual clock, until the future is done or an hour is over. Returns
// the seconds that took.
template <class T>
double seconds_until(IOLoop& loop, const Future<T>& future) {
  const double start = loop.time();
  const mini::Timeout hour = loop.call_later(3600, [&loop] { loop.stop(); });
  future.add_done_callback([&loop](const Future<T>&) { loop.stop(); });
  loop.start();
  loop.remove_timeout(hour);
  return loop.time() - start;
}

TEST(Time, sleep) {
  Story story("A sleep is a future that a timer completes. The thread does not sleep.");
  mini::VirtualClock clock;
  IOLoop loop(clock);
  story.step("sleep(5)");
  story.expect("the seconds until it is done", 5.0, seconds_until(loop, mini::gen::sleep(5)));
  story.step("two coroutines sleep for 3 and for 2 seconds, and multi() waits for both");
  const auto both = mini::gen::multi<int>({value_after(3, 1), value_after(2, 2)});
  story.expect("the seconds until they are done", 3.0, seconds_until(loop, both));
  story.expect("the results", std::vector<int>{1, 2}, both.result());
}

TEST(Time, enough) {
  Story story(
      "with_timeout() passes on what comes in time, the value or the exception, and its timer goes "
      "with it.");
  mini::VirtualClock clock;
  IOLoop loop(clock);
  story.step("a value after 9 seconds, with a limit of 10");
  const Future<int> in_time = mini::gen::with_timeout(10, value_after(9, 1));
  story.expect("the seconds until it is done", 9.0, seconds_until(loop, in_time));
  story.expect("the result", std::string("1"), read(in_time));
  const Future<int> bad;
  const Future<int> failed = mini::gen::with_timeout(10, bad);
  story.step("an exception, with a limit of 10");
  bad.set_exception(std::make_exception_ptr(std::runtime_error("no luck")));
  settle(loop);
  story.expect("the result", std::string("no luck"), read(failed));
  const Future<void> nothing = mini::gen::with_timeout(10, mini::gen::sleep(1));
  story.expect("the seconds until a sleep of 1 is done", 1.0, seconds_until(loop, nothing));
  const Future<void> broken;
  const Future<void> failed_too = mini::gen::with_timeout(10, broken);
  story.step("an exception in the place of a result without a value");
  broken.set_exception(std::make_exception_ptr(std::runtime_error("no luck")));
  settle(loop);
  bool thrown = false;
  try {
    failed_too.result();
  } catch (const std::runtime_error&) {
    thrown = true;
  }
  story.expect("result() throws", true, thrown);
  auto page = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = page;
  {
    const Future<std::shared_ptr<int>> work;
    const auto limited = mini::gen::with_timeout(10, work);
    work.set_result(std::move(page));
    settle(loop);
    story.step("a large result comes at once, and then nobody holds its futures any more");
  }
  story.expect("the result is freed before the limit", true, watched.expired());
  story.step("another 100 seconds pass");
  testing::internal::CaptureStderr();
  seconds_until(loop, mini::gen::sleep(100));
  story.expect("stderr", std::string(), testing::internal::GetCapturedStderr());
}

TEST(Time, not_enough) {
  Story story(
      "After the limit you stop waiting. The work goes on: nobody has told it to stop, and it will "
      "complete its future,\n"
      "  which is not yours any more.");
  mini::VirtualClock clock;
  IOLoop loop(clock);
  const Future<int> work = value_after(60, 1);
  const Future<int> late = mini::gen::with_timeout(10, work);
  story.step("a value after 60 seconds, with a limit of 10");
  story.expect("the seconds until it is done", 10.0, seconds_until(loop, late));
  bool timed_out = false;
  try {
    (void)late.result();
  } catch (const mini::gen::TimeoutError&) {
    timed_out = true;
  }
  story.expect("result() throws TimeoutError", true, timed_out);
  testing::internal::CaptureStderr();
  story.expect("the seconds until the work is done", 50.0, seconds_until(loop, work));
  settle(loop);
  story.expect("stderr", std::string(), testing::internal::GetCapturedStderr());
}

}  // namespace
