// Lab: temporaries that g++ 12.2 destroys twice in a statement with co_await. clang 19 counts
// them right.  twice
#include <cstdio>
#include <utility>

#include "08-coroutines/coroutine.h"

namespace {

using mini::Future;

int made = 0;
int destroyed = 0;

// [counted]
// Stands for a string, or anything else that must be freed exactly once.
struct Url {
  Url() { ++made; }
  Url(const Url&) { ++made; }
  Url(Url&&) noexcept { ++made; }
  Url& operator=(const Url&) = delete;
  ~Url() { ++destroyed; }
};

struct Options {  // an aggregate: it has no constructor
  Url url;
  int timeout = 20;
};
// [/counted]

Future<int> fetch(Options) {
  co_return 200;
}

template <class F>
Future<int> call(F function) {
  function();
  co_return 200;
}

// [statements]
Future<void> aggregate() {
  [[maybe_unused]] const int code = co_await fetch({Url(), 5});
}
Future<void> lambda() {
  const Url url;
  [[maybe_unused]] const int code = co_await call([url] { return &url; });
}
Future<void> choice(bool patient) {
  const Options usual;
  [[maybe_unused]] const int code = co_await fetch(patient ? Options() : usual);
}
Future<void> named() {
  Options options{Url(), 5};
  [[maybe_unused]] const int code = co_await fetch(std::move(options));
}
Future<void> in_two_lines() {
  const Future<int> fetched = fetch({Url(), 5});
  [[maybe_unused]] const int code = co_await fetched;
}
// [/statements]

void report(const char* what, const Future<void>&) {
  std::printf("%-13s made %d, destroyed %d\n", what, std::exchange(made, 0),
              std::exchange(destroyed, 0));
}

}  // namespace

int main() {
  const mini::IOLoop loop;
  report("aggregate:", aggregate());
  report("lambda:", lambda());
  report("?:", choice(true));
  report("named:", named());
  report("in two lines:", in_two_lines());
}
