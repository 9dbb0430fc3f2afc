// Text 004, 2: a function that takes a callback, called from a coroutine. gen::Task adds the
// callback to its arguments and makes a future of it.
#include <tornado/ioloop.h>
#include <tornado/options.h>
#include <tornado/tornado4.h>

#include <cstdio>
#include <functional>

#include "seeds.h"

using namespace tornado;

namespace {

void add_later(int a, int b, std::function<void(int)> callback) {
  ioloop::IOLoop::current().call_later(0.01, [a, b, callback] { callback(a + b); });
}

// [task]
Future<void> add_three() {
  const int two = co_await gen::Task(add_later, 1, 2);
  const int three = co_await gen::Task(add_later, two, 3);
  std::printf("the sum is %d\n", three);
}
// [/task]

}  // namespace

void seeds::with_callbacks(int argc, char** argv) {
  options::parse_command_line(argc, argv);
  ioloop::IOLoop::current().run_sync(add_three);
}
