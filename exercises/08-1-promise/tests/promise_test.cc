#include <gtest/gtest.h>

#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "coroutine.h"
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

TEST(Promise, a_body_begins_at_the_call) {
  Story story(
      "The body begins inside the call, and stops at the first real wait. Nobody has to await a "
      "coroutine to get\n"
      "  it started.");
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

TEST(Promise, a_result_reaches_the_caller) {
  Story story(
      "The promise in the frame and the caller's future must be two handles of one result. A new "
      "future belongs\n"
      "  to nobody.");
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

TEST(Promise, what_is_thrown_reaches_the_caller) {
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

TEST(Promise, what_is_there_is_not_waited_for) {
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

TEST(Promise, a_frame_goes_with_its_last_line) {
  Story story(
      "If a frame stops at its end, somebody must destroy it. The result is not in the frame, so "
      "let "
      "the frame go.");
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

TEST(Promise, a_frame_that_waits_goes_with_its_loop) {
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

}  // namespace
