#include "F-1-shared-fetch/notices.h"

#include <tornado/gen.h>
#include <tornado/ioloop.h>

#include <string>
#include <vector>

using tornado::Future;
using tornado::ioloop::IOLoop;

namespace {

// A fake fetch: records each key, and returns a future that your test completes, in `answers`.
struct Source {
  Get get() {
    return [this](std::string key) {
      asked.push_back(key);
      return answers.emplace_back();
    };
  }
  std::vector<std::string> asked;
  std::vector<Future<std::string>> answers;
};

// Lets everything run that is ready.
void settle() {
  for (int i = 0; i < 10; ++i) {
    IOLoop::current().add_callback([] { IOLoop::current().stop(); });
    IOLoop::current().start();
  }
}

}  // namespace

bool notices_a_fault(const Make& make) {
  Source source;
  const Get get = make(source.get());
  const Future<std::string> page = get("page");
  if (source.asked != std::vector<std::string>{"page"}) return true;
  source.answers[0].set_result("hello");
  settle();
  if (!page.done() || page.result() != "hello") return true;
  // TODO: the other promises.
  return false;
}
