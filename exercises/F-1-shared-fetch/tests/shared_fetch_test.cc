#include "F-1-shared-fetch/shared_fetch.h"

#include <gtest/gtest.h>
#include <tornado/gen.h>
#include <tornado/ioloop.h>

#include <exception>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "F-1-shared-fetch/notices.h"
#include "support/story.h"

namespace {

using story::Story;
using tornado::Future;
using tornado::ioloop::IOLoop;
using Names = std::vector<std::string>;

void settle() {
  for (int i = 0; i < 10; ++i) {
    IOLoop::current().add_callback([] { IOLoop::current().stop(); });
    IOLoop::current().start();
  }
}

// A SharedFetch with a fake server, which responds when the test calls answer() or fail().
class Site {
 public:
  explicit Site(Story& story)
      : story_(story), shared_([this](const std::string& key) { return fetch(key); }) {}

  Future<std::string> get(const std::string& key) {
    story_.step("get(\"" + key + "\")");
    Future<std::string> future;
    try {
      future = shared_.get(key);
    } catch (const std::exception& error) {
      story_.expect("get() throws", std::string("nothing"), std::string(error.what()));
    }
    settle();
    return future;
  }
  void answer(const std::string& text) {
    story_.step("the server answers \"" + text + "\"");
    answers_.back().set_result(text);
    settle();
  }
  void fail() {
    story_.step("the server fails");
    answers_.back().set_exception(std::runtime_error("no luck"));
    settle();
  }
  static std::string outcome(const Future<std::string>& future) {
    if (!future.done()) return "pending";
    try {
      return future.result();
    } catch (const std::exception& error) {
      return error.what();
    }
  }
  const Names& asked() const { return asked_; }
  std::size_t running() const { return shared_.running(); }

 private:
  Future<std::string> fetch(const std::string& key) {
    asked_.push_back(key);
    if (key == "bad") throw std::invalid_argument("a bad key");
    Future<std::string> answer;
    if (key == "ready") {
      answer.set_result("at once");
    } else {
      answers_.push_back(answer);
    }
    return answer;
  }

  Story& story_;
  Names asked_;
  std::vector<Future<std::string>> answers_;
  SharedFetch shared_;
};

TEST(SharedFetch, one_caller) {
  Story story("This one passes with the starter: nobody shares anything.");
  Site site(story);
  const auto page = site.get("page");
  site.answer("hello");
  story.expect("the outcome", std::string("hello"), Site::outcome(page));
}

TEST(SharedFetch, two_callers_at_once) {
  Story story("The second caller asks for what is on its way already.");
  Site site(story);
  const auto first = site.get("page");
  const auto second = site.get("page");
  story.expect("what the server was asked for", Names{"page"}, site.asked());
  story.expect("running()", std::size_t{1}, site.running());
  site.answer("hello");
  story.expect("the first outcome", std::string("hello"), Site::outcome(first));
  story.expect("the second outcome", std::string("hello"), Site::outcome(second));
  story.expect("running()", std::size_t{0}, site.running());
}

TEST(SharedFetch, two_keys) {
  Story story("A caller that asks for something else shares nothing.");
  Site site(story);
  const auto page = site.get("page");
  const auto picture = site.get("picture");
  story.expect("what the server was asked for", Names{"page", "picture"}, site.asked());
  site.answer("a sun");
  story.expect("the outcome of the page", std::string("pending"), Site::outcome(page));
  story.expect("the outcome of the picture", std::string("a sun"), Site::outcome(picture));
}

TEST(SharedFetch, one_caller_after_the_other) {
  Story story("This is not a cache: what has ended is forgotten, or nobody ever sees a new page.");
  Site site(story);
  const auto old = site.get("page");
  site.answer("old");
  const auto fresh = site.get("page");
  story.expect("what the server was asked for", Names{"page", "page"}, site.asked());
  site.answer("new");
  story.expect("the first outcome", std::string("old"), Site::outcome(old));
  story.expect("the second outcome", std::string("new"), Site::outcome(fresh));
}

TEST(SharedFetch, a_fetch_that_fails) {
  Story story("An exception ends a fetch too. If it stays in the table, the key is dead for ever.");
  Site site(story);
  const auto first = site.get("page");
  const auto second = site.get("page");
  site.fail();
  story.expect("the first outcome", std::string("no luck"), Site::outcome(first));
  story.expect("the second outcome", std::string("no luck"), Site::outcome(second));
  story.expect("running()", std::size_t{0}, site.running());
  const auto bad = site.get("bad");
  story.expect("the outcome of get(\"bad\")", std::string("a bad key"), Site::outcome(bad));
  story.expect("running()", std::size_t{0}, site.running());
}

TEST(SharedFetch, a_page_that_is_there_at_once) {
  Story story(
      "A future may be done when you get it. Its end is then before the line that writes it into "
      "the table.");
  Site site(story);
  const auto first = site.get("ready");
  story.expect("running()", std::size_t{0}, site.running());
  story.expect("the outcome", std::string("at once"), Site::outcome(first));
}

TEST(SharedFetch, a_caller_that_gives_up) {
  Story story("Callers who hold the same future share its cancellation too.");
  Site site(story);
  const auto first = site.get("page");
  const auto second = site.get("page");
  story.step("the first caller gives up");
  first.cancel();
  settle();
  story.expect("its outcome", std::string("cancelled"), Site::outcome(first));
  story.expect("the outcome of the other", std::string("pending"), Site::outcome(second));
  site.answer("hello");
  story.expect("the outcome of the other", std::string("hello"), Site::outcome(second));
}

// ---- what your test is shown

Make yours() {
  return [](Get fetch) -> Get {
    return [shared = std::make_shared<SharedFetch>(std::move(fetch))](std::string key) {
      return shared->get(std::move(key));
    };
  };
}

using Table = std::map<std::string, Future<std::string>>;

// Shares nothing.
Make alone() {
  return [](const Get& fetch) -> Get {
    return [fetch](const std::string& key) { return fetch(key); };
  };
}

// Shares everything, whatever the key.
Make one_for_all() {
  return [](const Get& fetch) -> Get {
    return [shared = yours()(fetch)](const std::string& /*key*/) { return shared("page"); };
  };
}

// Keeps what has arrived.
Make cache() {
  return [](const Get& fetch) -> Get {
    return [fetch, table = std::make_shared<Table>()](std::string key) -> Future<std::string> {
      if (!table->contains(key)) {
        const Future<std::string> fetched = fetch(key);
        table->emplace(key, fetched);
      }
      const Future<std::string> shared = table->at(key);
      co_return co_await shared;
    };
  };
}

// Forgets a page, but not an exception.
Make keeps_failures() {
  return [](const Get& fetch) -> Get {
    return [fetch, table = std::make_shared<Table>()](std::string key) -> Future<std::string> {
      if (!table->contains(key)) {
        const Future<std::string> fetched = fetch(key);
        table->emplace(key, fetched);
      }
      const Future<std::string> shared = table->at(key);
      std::string page = co_await shared;
      table->erase(key);
      co_return page;
    };
  };
}

// All callers hold one future.
Make one_future() {
  return [](const Get& fetch) -> Get {
    return [fetch, table = std::make_shared<Table>()](const std::string& key) {
      const auto found = table->find(key);
      if (found != table->end() && !found->second.done()) return found->second;
      Future<std::string> fetched;
      try {
        fetched = fetch(key);
      } catch (...) {
        fetched.set_exception(std::current_exception());
      }
      table->insert_or_assign(key, fetched);
      return fetched;
    };
  };
}

// The exception that fetch throws itself comes out of get().
Make throws() {
  return [](const Get& fetch) -> Get {
    return [fetch, shared = yours()(fetch)](const std::string& key) {
      return key == "bad" ? fetch(key) : shared(key);
    };
  };
}

TEST(YourTest, accepts_what_is_right) {
  Story story("Your test rejects a SharedFetch that keeps all promises of the header: your own.");
  story.expect("it notices a fault", false, notices_a_fault(yours()));
}

TEST(YourTest, notices_what_is_wrong) {
  Story story(
      "A test that accepts this would have accepted the mistake. Read the header once more: which "
      "sentence does no\n"
      "  line of your test enforce?");
  const std::vector<std::pair<std::string, Make>> faults = {
      {"one that shares nothing", alone()},
      {"one that gives everybody the same page", one_for_all()},
      {"one that keeps what has arrived", cache()},
      {"one that keeps an exception", keeps_failures()},
      {"one that cancels all if one caller gives up", one_future()},
  };
  for (const auto& [what, make] : faults) {
    story.step("your test is shown " + what);
    if (!story.expect("it notices a fault", true, notices_a_fault(make))) return;
  }
}

TEST(YourTest, notices_an_exception_that_is_thrown) {
  Story story("A fetch may throw before there is a future. The header says where that goes.");
  story.step("your test is shown one whose get() throws");
  story.expect("it notices a fault", true, notices_a_fault(throws()));
}

}  // namespace
