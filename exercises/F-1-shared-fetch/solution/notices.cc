#include "F-1-shared-fetch/notices.h"

#include <tornado/gen.h>
#include <tornado/ioloop.h>

#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

using tornado::Future;
using tornado::ioloop::IOLoop;
using Names = std::vector<std::string>;

namespace {

// A fake fetch: records each key, and returns a future that your test completes, in `answers`.
struct Source {
  Get get() {
    return [this](std::string key) {
      asked.push_back(key);
      if (key == "bad") throw std::invalid_argument("a bad key");
      if (key == "ready") {
        Future<std::string> ready;
        ready.set_result("at once");
        return ready;
      }
      return answers.emplace_back();
    };
  }
  Names asked;
  std::vector<Future<std::string>> answers;
};

// Lets everything run that is ready.
void settle() {
  for (int i = 0; i < 10; ++i) {
    IOLoop::current().add_callback([] { IOLoop::current().stop(); });
    IOLoop::current().start();
  }
}

std::string outcome(const Future<std::string>& future) {
  settle();
  if (!future.done()) return "pending";
  try {
    return future.result();
  } catch (const std::exception& error) {
    return error.what();
  }
}

bool shares(const Make& make) {
  Source source;
  const Get get = make(source.get());
  const Future<std::string> first = get("page");
  const Future<std::string> other = get("picture");
  const Future<std::string> second = get("page");
  if (source.asked != Names{"page", "picture"}) return false;
  source.answers[0].set_result("hello");
  if (outcome(first) != "hello" || outcome(second) != "hello") return false;
  if (outcome(other) != "pending") return false;
  source.answers[1].set_result("a sun");
  return outcome(other) == "a sun";
}

bool keeps_nothing(const Make& make) {
  Source source;
  const Get get = make(source.get());
  const Future<std::string> first = get("page");
  source.answers[0].set_result("old");
  if (outcome(first) != "old") return false;
  const Future<std::string> second = get("page");
  if (source.asked.size() != 2) return false;
  source.answers[1].set_exception(std::runtime_error("no luck"));
  if (outcome(second) != "no luck") return false;
  const Future<std::string> third = get("page");
  if (source.asked.size() != 3) return false;
  source.answers[2].set_result("new");
  return outcome(third) == "new";
}

bool takes_what_comes_at_once(const Make& make) {
  Source source;
  const Get get = make(source.get());
  for (int i = 0; i < 2; ++i) {
    if (outcome(get("ready")) != "at once" || outcome(get("bad")) != "a bad key") return false;
  }
  return source.asked == Names{"ready", "bad", "ready", "bad"};
}

bool lets_one_give_up(const Make& make) {
  Source source;
  const Get get = make(source.get());
  const Future<std::string> first = get("page");
  const Future<std::string> second = get("page");
  settle();
  first.cancel();
  if (outcome(first) != "cancelled" || outcome(second) != "pending") return false;
  if (source.answers[0].done()) return false;
  source.answers[0].set_result("hello");
  return outcome(second) == "hello";
}

}  // namespace

bool notices_a_fault(const Make& make) {
  try {
    return !(shares(make) && keeps_nothing(make) && takes_what_comes_at_once(make) &&
             lets_one_give_up(make));
  } catch (const std::exception&) {
    return true;  // it was to return a future, not to throw
  }
}
