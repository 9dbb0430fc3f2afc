// Lab: a condition that awaits. Compiled by g++ 12.2, one of the two jumps to address 0.
// condition named|bare
#include <cstdio>
#include <cstring>

#include "08-coroutines/coroutine.h"

namespace {

using mini::Future;

// [conditions]
Future<void> bare(Future<bool> answer) {
  if (co_await answer) std::puts("yes");
}

Future<void> named(Future<bool> answer) {
  const bool yes = co_await answer;
  if (yes) std::puts("yes");
}
// [/conditions]

}  // namespace

int main(int argc, char** argv) {
  mini::IOLoop loop;
  const Future<bool> answer;
  const bool use_name = argc > 1 && std::strcmp(argv[1], "named") == 0;
  const Future<void> ended = use_name ? named(answer) : bare(answer);
  ended.add_done_callback([&loop](const Future<void>&) { loop.stop(); });
  answer.set_result(true);
  loop.start();
}
