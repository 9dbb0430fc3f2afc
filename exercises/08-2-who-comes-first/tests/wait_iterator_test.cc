#include "08-2-who-comes-first/wait_iterator.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "08-coroutines/gen.h"
#include "support/story.h"

namespace {

using mini::Future;
using story::Story;
using Answer = Future<std::string>;
using Events = std::vector<std::string>;

const Events kNames = {"Ada", "Bob", "Cyd"};

// Three people who were asked, and an iterator that takes their answers.
class Asking {
 public:
  explicit Asking(Story& story) : story_(story) {
    story_.step("Ada, Bob and Cyd are asked, in this order");
  }

  void comes(std::size_t who) {
    story_.step(kNames[who] + "'s answer comes");
    asked_[who].set_result("from " + kNames[who]);
    settle();
  }
  void fails(std::size_t who) {
    story_.step(kNames[who] + " does not answer");
    asked_[who].set_exception(
        std::make_exception_ptr(std::runtime_error("no answer from " + kNames[who])));
    settle();
  }
  void next() {
    story_.step("next() is called");
    next_ = iterator_->next();
    settle();
  }
  void destroy() {
    story_.step("the iterator is destroyed");
    iterator_.reset();
  }
  // Returns how the last next() ended: its result, its exception, or "not yet".
  std::string ended() const {
    if (!next_.done()) return "not yet";
    try {
      return next_.result();
    } catch (const std::exception& error) {
      return error.what();
    }
  }
  WaitIterator& iterator() { return *iterator_; }

 private:
  void settle() {
    for (int i = 0; i < 10; ++i) {
      loop_.add_callback([this] { loop_.stop(); });
      loop_.start();
    }
  }

  Story& story_;
  mini::IOLoop loop_;
  std::vector<Answer> asked_{3};
  std::optional<WaitIterator> iterator_{asked_};
  Answer next_;
};

TEST(WaitIterator, answers_in_the_order_of_the_list) {
  Story story("This one passes on the starter: the first in the list answers first.");
  Asking asking(story);
  for (std::size_t who = 0; who < 3; ++who) {
    asking.next();
    asking.comes(who);
    story.expect("what next() gave", "from " + kNames[who], asking.ended());
    story.expect("current_index()", who, asking.iterator().current_index());
  }
  story.expect("done()", true, asking.iterator().done());
}

TEST(WaitIterator, the_second_answers_first) {
  Story story(
      "The order of the list is not the order of arrival. When next() is called, nobody knows yet "
      "which will be\n"
      "  the first, so the future that it returns cannot be one from the list.");
  Asking asking(story);
  asking.next();
  asking.comes(1);
  if (!story.expect("what next() gave", std::string("from Bob"), asking.ended())) return;
  asking.next();
  asking.comes(2);
  if (!story.expect("what next() gave", std::string("from Cyd"), asking.ended())) return;
  asking.next();
  asking.comes(0);
  story.expect("what next() gave", std::string("from Ada"), asking.ended());
}

TEST(WaitIterator, two_arrive_before_anybody_asks) {
  Story story(
      "A callback is called once. If it drops a result because nobody is waiting at that moment, "
      "the result is lost,\n"
      "  and a later next() waits forever.");
  Asking asking(story);
  asking.comes(2);
  asking.comes(0);
  asking.next();
  if (!story.expect("what next() gave", std::string("from Cyd"), asking.ended())) return;
  asking.next();
  story.expect("what next() gave", std::string("from Ada"), asking.ended());
}

TEST(WaitIterator, which_one_it_was) {
  Story story(
      "The answer that arrived last need not be the one handed out last. The index belongs to the "
      "answer in your hand.");
  Asking asking(story);
  asking.comes(2);
  asking.comes(0);
  asking.next();
  story.expect("what next() gave", std::string("from Cyd"), asking.ended());
  story.expect("current_index()", std::size_t{2}, asking.iterator().current_index());
}

TEST(WaitIterator, one_that_fails) {
  Story story(
      "An exception is the result of one future, and comes out of one next(). The other answers "
      "are still wanted.");
  Asking asking(story);
  asking.next();
  asking.fails(1);
  if (!story.expect("what next() gave", std::string("no answer from Bob"), asking.ended())) return;
  if (!story.expect("done()", false, asking.iterator().done())) return;
  asking.comes(0);
  asking.next();
  story.expect("what next() gave", std::string("from Ada"), asking.ended());
}

TEST(WaitIterator, destroyed_before_the_last_answer) {
  const std::string misconception =
      "The futures live on without the iterator, and so do the callbacks you gave them. The data "
      "that they use\n  must live as long as they do.";
  Story story(misconception);
  Asking asking(story);
  asking.next();
  asking.comes(1);
  asking.destroy();
  // A callback that uses freed memory ends the program, and with it the story.
  std::printf("\n  Two answers arrive after the iterator was destroyed.\n\n  %s\n",
              misconception.c_str());
  std::fflush(stdout);
  asking.comes(0);
  asking.comes(2);
  story.expect("what next() gave", std::string("from Bob"), asking.ended());
}

TEST(WaitIterator, none_is_left) {
  Story story("A next() with nothing left would wait forever, so throw instead.");
  Asking asking(story);
  for (std::size_t who = 0; who < 3; ++who) {
    asking.comes(who);
    asking.next();
  }
  std::string said = "nothing";
  try {
    asking.next();
  } catch (const std::logic_error&) {
    said = "std::logic_error";
  }
  story.expect("what a fourth next() threw", std::string("std::logic_error"), said);
}

Future<std::string> after(double seconds) {
  const Future<void> slept = mini::gen::sleep(seconds);
  co_await slept;
  co_return std::to_string(static_cast<int>(seconds)) + " s";
}

Future<void> take_all(Events& events) {
  WaitIterator answers({after(3), after(1), after(2)});
  while (!answers.done()) {
    const Answer next = answers.next();
    const std::string answer = co_await next;
    events.push_back(answer);
  }
}

TEST(WaitIterator, a_coroutine_takes_them_as_they_arrive) {
  Story story("The first result to arrive is the first to be shown.");
  mini::VirtualClock clock;
  mini::IOLoop loop(clock);
  Events events;
  story.step("a coroutine takes the results of waits of 3 s, 1 s and 2 s");
  const Future<void> ended = take_all(events);
  ended.add_done_callback([&loop](const Future<void>&) { loop.stop(); });
  loop.call_later(10, [&loop] { loop.stop(); });
  loop.start();
  story.expect("what it took", Events{"1 s", "2 s", "3 s"}, events);
}

}  // namespace
