// Text 004, 3: a function that blocks runs in a thread of an executor; the coroutine awaits it, and
// the loop continues meanwhile.
#include <tornado/concurrent.h>
#include <tornado/ioloop.h>
#include <tornado/options.h>

#include <chrono>
#include <cstdio>
#include <thread>

#include "seeds.h"

using namespace tornado;

namespace {

// Computes, waits for a disk, or calls a library that does not know the loop: anything that would
// block it.
int blocking_sum(int from, int to) {
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  int sum = 0;
  for (int n = from; n <= to; ++n) sum += n;
  return sum;
}

// [call_it]
Future<void> call_it() {
  concurrent::ThreadPoolExecutor executor(1);
  int ticks = 0;
  ioloop::PeriodicCallback ticker([&ticks] { ++ticks; }, 1);
  ticker.start();
  const int sum = co_await executor.submit(blocking_sum, 1, 100);
  std::printf("the sum is %d\n", sum);
  std::printf("the loop %s meanwhile\n", ticks > 0 ? "ran" : "stood still");
}
// [/call_it]

}  // namespace

void seeds::blocking_function(int argc, char** argv) {
  options::parse_command_line(argc, argv);
  ioloop::IOLoop::current().run_sync(call_it);
}
