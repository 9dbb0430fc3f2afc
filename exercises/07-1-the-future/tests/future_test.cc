#include "future.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

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

TEST(Future, keeps_a_value) {
  Story story("This one passes on the starter.");
  mini::IOLoop loop;
  const Future<std::string> future;
  story.step("set_result(\"bread\") on a copy");
  const Future<std::string> copy = future;
  copy.set_result("bread");
  story.expect("result()", std::string("bread"), future.result());
}

TEST(Future, calls_its_callbacks) {
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

TEST(Future, set_result_returns_first) {
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

TEST(Future, calls_a_callback_that_is_added_late) {
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

TEST(Future, is_completed_once) {
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

TEST(Future, an_exception_takes_the_place_of_the_value) {
  Story story(
      "An exception belongs to whoever asks for the result. Where it was thrown, nobody could "
      "catch "
      "it.");
  mini::IOLoop loop;
  const Future<int> future;
  story.expect("result() of a pending future throws", std::string("a logic_error"),
               thrown_by([&] { (void)future.result(); }));
  std::string told;
  future.add_done_callback(
      [&](const Future<int>& done) { told = thrown_by([&] { (void)done.result(); }); });
  story.step("set_exception(no luck)");
  future.set_exception(failure("no luck"));
  settle(loop);
  story.expect("result() in the callback throws", std::string("no luck"), told);
}

TEST(Future, an_error_that_nobody_asks_for) {
  Story story(
      "An exception kept as a value can be forgotten like a value. Report it before it is gone.");
  mini::IOLoop loop;
  testing::internal::CaptureStderr();
  {
    const Future<int> asked;
    asked.set_exception(failure("asked"));
    thrown_by([&] { (void)asked.result(); });
    const Future<int> forgotten;
    forgotten.set_exception(failure("forgotten"));
    story.step("two failed futures are destroyed; only one was asked for its result");
  }
  story.expect("stderr", std::string("nobody looked at a future's exception: forgotten\n"),
               testing::internal::GetCapturedStderr());
}

}  // namespace
