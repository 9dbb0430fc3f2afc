#include "07-3-guest-book/guest_book.h"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/story.h"
#include "tests/chapters/04-iostream/stream_pair.h"

namespace {

using mini::Future;
using story::Story;
using Names = std::vector<std::string>;

constexpr int kAll = 1000;       // pages
constexpr double kPatience = 1;  // seconds

// The book on the disk, and the machine that prints it. It prints as many pages as it may, and may
// be out of paper.
class Printer {
 public:
  void print(const std::string& heading, const Names& names) {
    std::unique_lock lock(mutex_);
    const int number = ++begun_;
    const bool alone = ++at_once_ == 1;
    changed_.wait(lock, [&] { return number <= allowed_; });
    --at_once_;
    if (!paper_) throw std::runtime_error("no paper");
    headings_.push_back(heading);
    pages_.push_back(names);
    if (!alone) pages_.back().emplace_back("(printed over another page)");
  }
  // Holds the printer up in the first page after `pages`.
  void allow(int pages) {
    const std::lock_guard lock(mutex_);
    allowed_ = pages;
    changed_.notify_all();
  }
  void has_paper(bool paper) {
    const std::lock_guard lock(mutex_);
    paper_ = paper;
  }
  int begun() {
    const std::lock_guard lock(mutex_);
    return begun_;
  }
  std::vector<Names> pages() {
    const std::lock_guard lock(mutex_);
    return pages_;
  }
  Names names() {
    Names all;
    for (const Names& page : pages()) all.insert(all.end(), page.begin(), page.end());
    return all;
  }
  Names headings() {
    const std::lock_guard lock(mutex_);
    return headings_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int allowed_ = kAll;
  bool paper_ = true;
  int begun_ = 0;
  int at_once_ = 0;
  Names headings_;
  std::vector<Names> pages_;
};

// Checks names on two threads. "42" is not a name, and "fire" burns the register of names.
bool is_name(const std::string& name) {
  if (name == "fire") throw std::runtime_error("the register of names has burnt");
  return name != "42";
}

class Scene {
 public:
  explicit Scene(Story& story)
      : story_(story),
        book_(pool_, is_name, [this](const std::string& heading, const Names& names) {
          printer_.print(heading, names);
        }) {}
  ~Scene() { printer_.allow(kAll); }
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  Future<void> sign(const std::string& name) {
    story_.step(name + " signs");
    return book_.sign(name);
  }
  // Returns what the guest hears within kPatience.
  std::string hears(const Future<void>& thanks) {
    run_until([&] { return thanks.done(); });
    return heard(thanks);
  }
  // Returns what the guest has heard when all has been done that can be done. The printer must be
  // held up in a page: then one thread of the pool is left, and does one task after the other.
  std::string has_heard(const Future<void>& thanks) {
    settle();
    return heard(thanks);
  }
  void settle() {
    for (int i = 0; i < 2; ++i) {
      const Future<void> reached = pool_.submit([] {});
      run_until([&] { return reached.done(); });
      mini::settle(loop_);
    }
  }
  void printer_may_print(int pages) {
    story_.step(pages == 0     ? "the printer is held up in the first page"
                : pages < kAll ? "the printer goes on, until it is held up in the next page"
                               : "the printer goes on");
    printer_.allow(pages);
  }
  void wait_for_page(int number) {
    run_until([&] { return printer_.begun() >= number; });
  }
  Printer& printer() { return printer_; }
  GuestBook& book() { return book_; }

 private:
  template <class Condition>
  void run_until(Condition done) {
    const double end = loop_.time() + kPatience;
    while (!done() && loop_.time() < end) {
      loop_.add_callback([this] { loop_.stop(); });
      loop_.start();
    }
  }
  static std::string heard(const Future<void>& thanks) {
    if (!thanks.done()) return "nothing yet";
    try {
      thanks.result();
      return "thank you";
    } catch (const std::exception& error) {
      return error.what();
    }
  }

  Story& story_;
  Printer printer_;
  mini::IOLoop loop_;
  mini::ThreadPoolExecutor pool_{2};
  GuestBook book_;
};

TEST(GuestBook, the_first_guest) {
  Story story("This one passes on the starter.");
  Scene scene(story);
  story.expect("42 hears", std::string("no name: 42"), scene.hears(scene.sign("42")));
  story.expect("fire hears", std::string("the register of names has burnt"),
               scene.hears(scene.sign("fire")));
  story.expect("Ada hears", std::string("thank you"), scene.hears(scene.sign("Ada")));
  story.expect("the book", Names{"Ada"}, scene.printer().names());
}

TEST(GuestBook, a_day) {
  Story story("All of them were thanked. These are the names in the book.");
  const Names guests = {"Ada", "Bob", "Cleo", "Dora", "Emil", "Finn"};
  std::string unthanked;
  Scene scene(story);
  testing::internal::CaptureStderr();  // the log, which nobody read that day
  for (const std::string& name : guests) {
    if (scene.hears(scene.sign(name)) != "thank you") unthanked += name;
  }
  scene.settle();
  testing::internal::GetCapturedStderr();
  story.expect("who was not thanked", std::string(), unthanked);
  story.step("the lights go out, and somebody reads the book");
  story.expect("the book", guests, scene.printer().names());
}

TEST(GuestBook, a_slow_printer) {
  Story story("A guest was thanked for a name that is not in the book. It may never be there.");
  Scene scene(story);
  story.expect("Ada hears", std::string("thank you"), scene.hears(scene.sign("Ada")));
  scene.printer_may_print(1);
  const Future<void> bob = scene.sign("Bob");
  scene.wait_for_page(2);
  story.expect("Bob has heard", std::string("nothing yet"), scene.has_heard(bob));
  scene.printer_may_print(kAll);
  story.expect("Bob hears", std::string("thank you"), scene.hears(bob));
}

TEST(GuestBook, guests_who_come_meanwhile) {
  Story story(
      "While a page is printed, the guests who come share the next one. They wait for their own "
      "page,\n"
      "  not for the one before, and not for ever.");
  Scene scene(story);
  scene.printer_may_print(0);
  const Future<void> ada = scene.sign("Ada");
  scene.wait_for_page(1);
  const Future<void> bob = scene.sign("Bob");
  scene.settle();
  const Future<void> cleo = scene.sign("Cleo");
  story.expect("Cleo has heard", std::string("nothing yet"), scene.has_heard(cleo));
  scene.printer_may_print(1);
  story.expect("Ada hears", std::string("thank you"), scene.hears(ada));
  scene.wait_for_page(2);
  story.expect("Bob has heard", std::string("nothing yet"), scene.has_heard(bob));
  scene.printer_may_print(kAll);
  story.expect("Bob hears", std::string("thank you"), scene.hears(bob));
  story.expect("Cleo hears", std::string("thank you"), scene.hears(cleo));
  story.expect("the pages", std::vector<Names>{{"Ada"}, {"Bob", "Cleo"}}, scene.printer().pages());
}

TEST(GuestBook, no_paper) {
  Story story(
      "A page that cannot be printed is the misfortune of the guests on it, and of no others.");
  Scene scene(story);
  story.expect("Ada hears", std::string("thank you"), scene.hears(scene.sign("Ada")));
  scene.printer().has_paper(false);
  story.step("the printer has no paper");
  story.expect("Bob hears", std::string("no paper"), scene.hears(scene.sign("Bob")));
  scene.printer().has_paper(true);
  story.step("the printer has paper again");
  const Future<void> cleo = scene.sign("Cleo");
  story.expect("Cleo hears", std::string("thank you"), scene.hears(cleo));
  story.expect("the book", Names{"Ada", "Cleo"}, scene.printer().names());
}

TEST(GuestBook, headings) {
  Story story(
      "A page has more than names. A new heading is for the pages that are begun after it.");
  Scene scene(story);
  scene.hears(scene.sign("Ada"));
  scene.book().set_heading("Our friends");
  story.step("the book gets a new heading");
  scene.hears(scene.sign("Bob"));
  scene.hears(scene.sign("Cleo"));
  story.expect("the headings", Names{"Our guests", "Our friends", "Our friends"},
               scene.printer().headings());
}

}  // namespace
