#include "03-2-run-sync/run_sync.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "support/story.h"

namespace {

using mini::Callback;
using mini::IOLoop;
using story::Story;

// What run_sync did: "returned", or the exception's message.
std::string outcome(IOLoop& loop, const std::function<void(Callback)>& start, double timeout) {
  try {
    run_sync(loop, start, timeout);
    return "returned";
  } catch (const std::exception& error) {
    return error.what();
  }
}

void without_luck(const Callback& /*done*/) {
  throw std::runtime_error("no luck");
}

// Counts how often the loop has waited.
class CountingClock : public mini::VirtualClock {
 public:
  bool skip(double seconds) override {
    ++waits;
    return VirtualClock::skip(seconds);
  }
  int waits = 0;
};

class RunSync : public testing::Test {
 protected:
  // Whether the loop, started again, runs until somebody stops it after 60 s.
  bool runs_for_a_minute() {
    bool reached = false;
    loop_.call_later(60, [&] {
      reached = true;
      loop_.stop();
    });
    loop_.start();
    return reached;
  }

  CountingClock clock_;
  IOLoop loop_{clock_};
};

TEST_F(RunSync, done_comes_later) {
  Story story("This one passes on the starter: as long as all goes well, three lines are enough.");
  story.step("start calls done after 5 s; the limit is 10 s");
  const double before = loop_.time();
  const auto start = [&](const Callback& done) { loop_.call_later(5, done); };
  story.expect("what run_sync did", std::string("returned"), outcome(loop_, start, 10));
  story.expect("the seconds it took", 5.0, loop_.time() - before);
}

TEST_F(RunSync, done_never_comes) {
  Story story(
      "A wait without a limit lasts for ever if the other side forgets you. The loop needs a timer "
      "that\n"
      "  ends it.");
  story.step("start never calls done; the limit is 10 s");
  story.expect("what run_sync did", std::string("it took too long"),
               outcome(loop_, [](const Callback&) {}, 10));
}

TEST_F(RunSync, done_in_start_itself) {
  Story story("done may come at once. The loop must notice it even then.");
  story.step("start calls done before it returns");
  story.expect("what run_sync did", std::string("returned"),
               outcome(loop_, [](const Callback& done) { done(); }, 10));
}

TEST_F(RunSync, start_is_called_in_the_loop) {
  Story story(
      "start is a callback like others: callbacks that were queued earlier run earlier. Called "
      "before the\n"
      "  loop runs, it overtakes all of them.");
  bool ran = false;
  bool ran_before = false;
  story.step("a callback is queued");
  loop_.add_callback([&] { ran = true; });
  const auto start = [&](const Callback& done) {
    ran_before = ran;
    done();
  };
  story.expect("what run_sync did", std::string("returned"), outcome(loop_, start, 10));
  story.expect("the callback had run when start was called", true, ran_before);
}

TEST_F(RunSync, start_throws) {
  Story story(
      "The loop catches what a callback throws, writes it to stderr and goes on. The caller of "
      "run_sync\n"
      "  waits for nothing, and never learns why. You have to carry the exception over yourself.");
  story.step("start throws std::runtime_error(\"no luck\")");
  const double before = loop_.time();
  story.expect("what run_sync did", std::string("no luck"), outcome(loop_, without_luck, 10));
  story.expect("the seconds it took", 0.0, loop_.time() - before);
}

TEST_F(RunSync, the_timer_is_gone) {
  Story story(
      "A timer that is not removed fires for whoever runs the loop next, and stops it in the "
      "middle of\n"
      "  its work.");
  story.step("a run_sync with a limit of 10 s is done at once");
  outcome(loop_, [](const Callback& done) { done(); }, 10);
  story.step("the loop is started again, to stop after 60 s");
  clock_.waits = 0;
  story.expect("it ran for 60 s", true, runs_for_a_minute());
  story.expect("how often it woke meanwhile", 1, clock_.waits);
}

TEST_F(RunSync, the_timer_is_gone_after_an_exception) {
  Story story(
      "An exception is a way out too, and it skips the lines after it. Remove the timer before you "
      "throw.");
  story.step("a run_sync with a limit of 10 s throws at once");
  story.expect("what run_sync did", std::string("no luck"), outcome(loop_, without_luck, 10));
  story.step("the loop is started again, to stop after 60 s");
  clock_.waits = 0;
  story.expect("it ran for 60 s", true, runs_for_a_minute());
  story.expect("how often it woke meanwhile", 1, clock_.waits);
}

TEST_F(RunSync, done_comes_too_late) {
  Story story(
      "done may be called after run_sync has returned, and a late call must find out that it is "
      "late.\n"
      "  Otherwise its stop() ends whatever the loop is doing by then.");
  Callback late;
  story.step("start keeps done; the limit of 1 s passes");
  const auto keep = [&](const Callback& done) { late = done; };
  story.expect("what run_sync did", std::string("it took too long"), outcome(loop_, keep, 1));
  story.step("a second run_sync begins; then the done of the first one is called, twice");
  const auto start = [&](const Callback& done) {
    late();
    late();
    loop_.call_later(5, done);
  };
  story.expect("what the second run_sync did", std::string("returned"), outcome(loop_, start, 10));
}

TEST_F(RunSync, done_twice) {
  Story story(
      "The second done stops a loop that is already stopping. That stop stays in the queue, and "
      "ends the\n"
      "  next start(). Only the first call may end the loop; a late call must find out that it is "
      "late.");
  story.step("start calls done twice, in two callbacks");
  const auto twice = [&](const Callback& done) {
    loop_.add_callback([&, done] {
      done();
      loop_.add_callback(done);
    });
  };
  story.expect("what run_sync did", std::string("returned"), outcome(loop_, twice, 10));
  story.step("a second run_sync needs 5 s");
  const auto start = [&](const Callback& done) { loop_.call_later(5, done); };
  story.expect("what the second run_sync did", std::string("returned"), outcome(loop_, start, 10));
}

TEST_F(RunSync, the_next_run_keeps_its_limit) {
  Story story(
      "If you start the loop again after a stop that was not yours, you start it without the timer "
      "that you\n"
      "  have removed: then no limit ends it. Find out why the stop came instead.");
  Callback late;
  story.step("start keeps done; the limit of 1 s passes");
  const auto keep = [&](const Callback& done) { late = done; };
  story.expect("what run_sync did", std::string("it took too long"), outcome(loop_, keep, 1));
  story.step("a second run_sync calls the done of the first, and never its own; its limit is 10 s");
  const double before = loop_.time();
  const auto start = [&](const Callback& /*done*/) { late(); };
  story.expect("what the second run_sync did", std::string("it took too long"),
               outcome(loop_, start, 10));
  story.expect("the seconds it took", 10.0, loop_.time() - before);
}

}  // namespace
