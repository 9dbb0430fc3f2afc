// Three waits in one thread take as long as the longest of them.
#include <tornado/gen.h>
#include <tornado/ioloop.h>
#include <tornado/options.h>

#include <cstdio>
#include <string>
#include <vector>

using namespace tornado;

// A coroutine: it starts when called, and lets the loop run the others while it waits.
Future<std::string> cook(std::string dish, double seconds) {
  std::printf("%s: in the oven\n", dish.c_str());
  co_await gen::sleep(seconds);
  std::printf("%s: done\n", dish.c_str());
  co_return dish;
}

Future<void> dinner(double minute) {
  std::vector<Future<std::string>> dishes;
  dishes.push_back(cook("bread", 3 * minute));
  dishes.push_back(cook("pie", 1 * minute));
  dishes.push_back(cook("roast", 2 * minute));
  const std::vector<std::string> served = co_await gen::multi(std::move(dishes));
  std::printf("%zu dishes, in the order of the menu: %s first\n", served.size(), served[0].c_str());

  const double deadline = ioloop::IOLoop::current().time() + minute;
  try {
    co_await gen::with_timeout(deadline, cook("souffle", 2 * minute));
  } catch (const ioloop::TimeoutError&) {
    std::puts("souffle: nobody waits for it any longer, it bakes on");
  }
}

int main(int argc, char** argv) {
  options::define<double>("minute", 0.2, "seconds that a minute of this kitchen takes");
  options::parse_command_line(argc, argv);
  const double minute = options::get<double>("minute");
  const double start = ioloop::IOLoop::current().time();
  ioloop::IOLoop::current().run_sync([&] { return dinner(minute); });
  std::printf("%.1f minutes\n", (ioloop::IOLoop::current().time() - start) / minute);
}
