#include "07-3-guest-book/guest_book.h"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/story.h"
#include "tests/chapters/04-iostream/stream_pair.h"

namespace {

using story::Story;
using Names = std::vector<std::string>;

// A check that takes as long as the test wants. "42" is not a name, and "fire" burns the register
// of names.
class SlowCheck {
 public:
  bool operator()(const std::string& name) {
    std::unique_lock lock(mutex_);
    ++inside_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return all_ || let_go_.count(name) > 0; });
    --inside_;
    if (name == "fire") throw std::runtime_error("the register of names has burnt");
    return name != "42";
  }
  void let_go(const std::string& name) {
    const std::lock_guard lock(mutex_);
    let_go_.insert(name);
    changed_.notify_all();
  }
  void let_all_go() {
    const std::lock_guard lock(mutex_);
    all_ = true;
    changed_.notify_all();
  }
  // Returns how many threads are checking; waits up to a second for `count` of them.
  int inside(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(1), [&] { return inside_ >= count; });
    return inside_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::string> let_go_;
  bool all_ = false;
  int inside_ = 0;
};

class Scene {
 public:
  Scene(Story& story, std::size_t threads)
      : story_(story),
        pool_(threads),
        book_(pool_, [this](const std::string& name) { return check_(name); }) {}
  ~Scene() { check_.let_all_go(); }
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  mini::Future<std::size_t> sign(const std::string& name) {
    story_.step(name + " signs");
    return book_.sign(name);
  }
  // Returns the place, or why there is none.
  std::string outcome(const mini::Future<std::size_t>& place) {
    mini::run_until(loop_, [&] { return place.done(); });
    try {
      return std::to_string(place.result());
    } catch (const std::exception& error) {
      return error.what();
    }
  }
  // Waits until a pool of one thread has done all its earlier tasks.
  void wait_for_the_pool() {
    std::promise<void> reached;
    pool_.submit([&reached] { reached.set_value(); });
    reached.get_future().wait();
  }
  void settle() { mini::settle(loop_); }
  SlowCheck& check() { return check_; }
  const Names& names() const { return book_.names(); }

 private:
  Story& story_;
  SlowCheck check_;
  mini::IOLoop loop_;
  mini::ThreadPoolExecutor pool_;
  GuestBook book_;
};

TEST(GuestBook, one_after_the_other) {
  Story story("This one passes on the starter: it is a quiet day.");
  Scene scene(story, 2);
  scene.check().let_all_go();
  story.expect("Ada's place", std::string("1"), scene.outcome(scene.sign("Ada")));
  story.expect("the outcome of 42", std::string("no name: 42"), scene.outcome(scene.sign("42")));
  story.expect("the outcome of fire", std::string("the register of names has burnt"),
               scene.outcome(scene.sign("fire")));
  story.expect("Bob's place", std::string("2"), scene.outcome(scene.sign("Bob")));
  story.expect("the book", Names{"Ada", "Bob"}, scene.names());
}

TEST(GuestBook, a_check_takes_a_while) {
  Story story(
      "A check that runs inside sign() keeps the loop from everybody until it is done. That was "
      "the "
      "reason for the pool.");
  Scene scene(story, 2);
  const auto ada = scene.sign("Ada");
  story.step("sign() has returned, and the check goes on");
  story.expect("threads that check", 1, scene.check().inside(1));
  scene.check().let_go("Ada");
  story.expect("Ada's place", std::string("1"), scene.outcome(ada));
}

TEST(GuestBook, two_guests_at_the_same_time) {
  Story story(
      "Two guests were told that they have the same place, or one of them is not in the book.");
  Scene scene(story, 2);
  const auto ada = scene.sign("Ada");
  const auto bob = scene.sign("Bob");
  scene.check().inside(2);
  story.step("the check of Bob ends, then that of Ada");
  scene.check().let_go("Bob");
  story.expect("Bob's place", std::string("1"), scene.outcome(bob));
  scene.check().let_go("Ada");
  story.expect("Ada's place", std::string("2"), scene.outcome(ada));
  story.expect("the book", Names{"Bob", "Ada"}, scene.names());
}

TEST(GuestBook, two_checks_at_the_same_time) {
  Story story(
      "A lock that is held during the check lets nobody else in. Then the pool might as well have "
      "one "
      "thread.");
  Scene scene(story, 2);
  const auto ada = scene.sign("Ada");
  const auto bob = scene.sign("Bob");
  story.expect("threads that check at the same time", 2, scene.check().inside(2));
}

TEST(GuestBook, somebody_reads_the_book) {
  Story story(
      "A callback of the loop reads the book while a thread of the pool writes to it. A lock that "
      "the reader does not take\n"
      "  protects nobody. If only the loop's thread writes, nobody needs one.");
  Scene scene(story, 1);
  const auto ada = scene.sign("Ada");
  scene.check().inside(1);
  story.step("a callback of the loop begins to read the book; the check of Ada ends");
  const std::size_t before = scene.names().size();
  scene.check().let_go("Ada");
  scene.wait_for_the_pool();
  story.expect("names in the book, in the same callback", before, scene.names().size());
  story.expect("Ada's place", std::string("1"), scene.outcome(ada));
}

TEST(GuestBook, a_name_that_is_being_checked) {
  Story story("The name is in the book before anybody knows whether it is valid.");
  Scene scene(story, 2);
  const auto number = scene.sign("42");
  scene.check().inside(1);
  scene.settle();
  story.expect("the book, during the check", Names{}, scene.names());
  scene.check().let_go("42");
  story.expect("the outcome of 42", std::string("no name: 42"), scene.outcome(number));
}

}  // namespace
