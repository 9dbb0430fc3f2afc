// Lab: coroutines that use variables which are gone when they are resumed.  lifetimes
// reference|captures
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "08-coroutines/gen.h"

namespace {

using mini::Future;

// [both]
// [reference]
Future<void> greet(const std::string& name) {
  const Future<void> slept = mini::gen::sleep(0.01);
  co_await slept;
  std::printf("hello, %s\n", name.c_str());
}

void greet_all(const std::string& names) {
  const std::vector<std::string> split = {names, names};
  for (const std::string& name : split) greet(name);
}
// [/reference]

// [captures]
void greet_soon(mini::IOLoop& loop, const std::string& name) {
  loop.add_callback([name]() -> Future<void> {
    const Future<void> slept = mini::gen::sleep(0.01);
    co_await slept;
    std::printf("hello, %s\n", name.c_str());
  });
}
// [/captures]
// [/both]

}  // namespace

int main(int argc, char** argv) {
  mini::IOLoop loop;
  loop.call_later(0.1, [&loop] { loop.stop(); });
  if (argc > 1 && std::strcmp(argv[1], "captures") == 0) {
    greet_soon(loop, "Ada");
  } else {
    greet_all("Ada");
  }
  loop.start();
}
