// Text 004, 7: spawn_callback starts a coroutine that nobody awaits. An exception in it is logged,
// and the others continue.
#include <tornado/ioloop.h>
#include <tornado/locks.h>
#include <tornado/options.h>

#include <cstdio>
#include <stdexcept>

#include "errand.h"
#include "seeds.h"

using namespace tornado;

namespace {

// [tick]
// Every 0.02 s, however long the work takes: the clock runs during the work.
Future<void> tick_loop(locks::Event* three) {
  for (int tick = 1;; ++tick) {
    auto next = gen::sleep(0.02);
    co_await seeds::errand("work", 1);
    std::printf("tick %d\n", tick);
    if (tick == 3) three->set();
    co_await next;
  }
}
// [/tick]

Future<void> divide(int a, int b) {
  co_await gen::moment;
  if (b == 0) throw std::domain_error("division by zero");
  std::printf("%d / %d is %d\n", a, b, a / b);
}

}  // namespace

// [spawn]
void seeds::in_the_background(int argc, char** argv) {
  options::parse_command_line(argc, argv);
  auto& loop = ioloop::IOLoop::current();
  locks::Event three;
  loop.spawn_callback(tick_loop, &three);
  loop.spawn_callback(divide, 6, 3);
  loop.spawn_callback(divide, 1, 0);
  loop.run_sync([&three] { return three.wait(); });
}
// [/spawn]
