#include "07-futures/future.h"

#include <gtest/gtest.h>

#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "multi.h"
#include "support/story.h"
#include "tests/chapters/04-iostream/stream_pair.h"

namespace {

using mini::Future;
using mini::settle;
using story::Story;

std::exception_ptr failure(const std::string& text) {
  return std::make_exception_ptr(std::runtime_error(text));
}

// Describes what a call throws: "a logic_error", another exception's words, or "nothing".
template <class F>
std::string thrown_by(F call) {
  try {
    call();
  } catch (const std::logic_error&) {
    return "a logic_error";
  } catch (const std::exception& error) {
    return error.what();
  }
  return "nothing";
}

// ---- milestone 1

TEST(Result, is_a_value) {
  Story story(
      "All copies of a future refer to one result. A Future<void> has a result, too:\n"
      "  that it is done.");
  mini::IOLoop loop;
  const Future<std::string> future;
  story.expect("done() of a pending future", false, future.done());
  story.step("set_result(\"bread\") on a copy");
  const Future<std::string> copy = future;
  copy.set_result("bread");
  story.expect("done()", true, future.done());
  story.expect("result()", std::string("bread"), future.result());
  const Future<void> nothing;
  story.step("a Future<void> gets its result, which is no value");
  nothing.set_result();
  story.expect("done()", true, nothing.done());
  story.expect("result() throws", std::string("nothing"), thrown_by([&] { nothing.result(); }));
}

TEST(Result, comes_once) {
  Story story(
      "A future with two results: one consumer has read the first already, and another will read "
      "the second.");
  mini::IOLoop loop;
  const Future<int> future;
  story.step("set_result(1), then set_result(2) and set_exception()");
  future.set_result(1);
  story.expect("the second throws", std::string("a logic_error"),
               thrown_by([&] { future.set_result(2); }));
  story.expect("the third throws", std::string("a logic_error"),
               thrown_by([&] { future.set_exception(failure("late")); }));
  story.expect("result()", std::string("1"),
               future.done()
                   ? thrown_by([&] { throw std::runtime_error(std::to_string(future.result())); })
                   : std::string("not done"));
}

TEST(Result, is_an_exception) {
  Story story(
      "An exception belongs to whoever asks for the result. Where it was thrown, nobody could "
      "catch "
      "it.");
  mini::IOLoop loop;
  const Future<int> future;
  story.expect("result() of a pending future throws", std::string("a logic_error"),
               thrown_by([&] { (void)future.result(); }));
  story.step("set_exception(no luck)");
  future.set_exception(failure("no luck"));
  story.expect("done()", true, future.done());
  story.expect("result() throws", std::string("no luck"),
               thrown_by([&] { (void)future.result(); }));
}

TEST(Result, that_nobody_asks_for) {
  Story story(
      "An exception kept as a value can be forgotten like a value. Report it before it is gone.");
  mini::IOLoop loop;
  testing::internal::CaptureStderr();
  {
    const Future<int> asked;
    asked.set_exception(failure("asked"));
    thrown_by([&] { (void)asked.result(); });
    const Future<int> asked_early;
    thrown_by([&] { (void)asked_early.result(); });
    asked_early.set_exception(failure("asked too early"));
    const Future<int> forgotten;
    forgotten.set_exception(failure("forgotten"));
    story.step(
        "three failed futures are destroyed; one was asked for its result, one only while it was "
        "pending");
  }
  story.expect("stderr",
               std::string("nobody looked at a future's exception: forgotten\n"
                           "nobody looked at a future's exception: asked too early\n"),
               testing::internal::GetCapturedStderr());
}

// ---- milestone 2

TEST(Callbacks, are_called) {
  Story story(
      "A future that tells nobody is only a variable, which somebody has to check again and "
      "again.");
  mini::IOLoop loop;
  const Future<int> future;
  std::string told;
  story.step("two callbacks are added, then set_result(5)");
  future.add_done_callback([&](const Future<int>& done) { told += std::to_string(done.result()); });
  future.add_done_callback([&](const Future<int>&) { told += " and again"; });
  future.set_result(5);
  settle(loop);
  story.expect("what was called", std::string("5 and again"), told);
}

TEST(Callbacks, come_from_the_loop) {
  Story story(
      "A set_result() that calls back on the spot runs code that it does not know, in the middle "
      "of its caller.\n"
      "  The loop calls back when nobody is in the middle of anything.");
  mini::IOLoop loop;
  const Future<int> future;
  std::string order;
  future.add_done_callback([&](const Future<int>&) { order += " callback"; });
  story.step("set_result(), then the test notes \"completed\"");
  future.set_result(1);
  order += "completed";
  settle(loop);
  story.expect("the order", std::string("completed callback"), order);
}

TEST(Callbacks, may_come_late) {
  Story story(
      "A future that is done has run its callbacks and will never be completed again. A callback "
      "that is only stored\n"
      "  then waits forever, and one that is called on the spot runs before the next line of its "
      "caller.");
  mini::IOLoop loop;
  const Future<int> future;
  future.set_result(1);
  std::string order;
  story.step("the future is done; add_done_callback(), then the test notes \"added\"");
  future.add_done_callback([&](const Future<int>&) { order += " callback"; });
  order += "added";
  settle(loop);
  story.expect("the order", std::string("added callback"), order);
}

// ---- milestone 3

TEST(Multi, keeps_the_order) {
  Story story(
      "The results are in the order of the futures, whichever came first. The last one to come "
      "completes the whole.");
  mini::IOLoop loop;
  const Future<int> a;
  const Future<int> b;
  const Future<int> c;
  c.set_result(3);
  story.step("multi() of three futures, of which the last is done already");
  const Future<std::vector<int>> all = mini::gen::multi<int>({a, b, c});
  b.set_result(2);
  settle(loop);
  story.expect("it is done before the first one is", false, all.done());
  a.set_result(1);
  settle(loop);
  if (!story.expect("it is done", true, all.done())) return;
  story.expect("the results", std::vector<int>{1, 2, 3}, all.result());
}

TEST(Multi, waits_for_all_of_them) {
  Story story(
      "Work that has begun goes on. If the whole fails with the first error, the others end when "
      "nobody looks, and with\n"
      "  them whatever they use. So wait for all; then fail with the first exception in the order "
      "of "
      "the futures.");
  mini::IOLoop loop;
  testing::internal::CaptureStderr();
  {
    const Future<int> bad;
    const Future<int> worse;
    const Future<int> slow;
    story.step("multi() of three futures; the second fails, and then the first");
    const Future<std::vector<int>> all = mini::gen::multi<int>({bad, worse, slow});
    worse.set_exception(failure("worse"));
    bad.set_exception(failure("bad"));
    settle(loop);
    story.expect("it is done", false, all.done());
    slow.set_result(1);
    settle(loop);
    story.expect("result() throws", std::string("bad"), thrown_by([&] { (void)all.result(); }));
  }
  story.expect("stderr, though nobody has asked for the second exception", std::string(),
               testing::internal::GetCapturedStderr());
}

TEST(Multi, of_nothing) {
  Story story("Whoever waits for no future has nothing to wait for.");
  mini::IOLoop loop;
  const auto none = mini::gen::multi<int>({});
  if (!story.expect("it is done at once", true, none.done())) return;
  story.expect("the number of results", std::size_t{0}, none.result().size());
  story.expect("without values, too", true, mini::gen::multi(std::vector<Future<void>>()).done());
}

TEST(Multi, of_futures_without_a_value) {
  Story story("Futures without a value are waited for like others; there is nothing to collect.");
  mini::IOLoop loop;
  const Future<void> one;
  const Future<void> two;
  const Future<void> all = mini::gen::multi(std::vector<Future<void>>{one, two});
  story.step("the second is done, then the first");
  two.set_result();
  settle(loop);
  story.expect("it is done before the first one is", false, all.done());
  one.set_result();
  settle(loop);
  story.expect("it is done", true, all.done());
  const Future<void> fails;
  const Future<void> failed = mini::gen::multi(std::vector<Future<void>>{fails});
  fails.set_exception(failure("no luck"));
  settle(loop);
  story.expect("result() of one that fails throws", std::string("no luck"),
               thrown_by([&] { failed.result(); }));
}

TEST(Multi, lets_go_of_what_never_comes) {
  Story story(
      "A pending future owns its callbacks. A callback that owns the future closes a reference "
      "cycle, "
      "and if nobody\n"
      "  completes it, nothing can break that.");
  mini::IOLoop loop;
  const auto owned = std::make_shared<int>(1);
  {
    const Future<int> never;
    never.add_done_callback([owned](const Future<int>&) {});
    const Future<int> done;
    story.step("multi() of a future that is done and one that never will be; then all are dropped");
    const auto all = mini::gen::multi<int>({done, never});
    done.set_result(1);
    settle(loop);
  }
  settle(loop);
  story.expect("owners of what the callback of the second has captured", 1L, owned.use_count());
}

}  // namespace
