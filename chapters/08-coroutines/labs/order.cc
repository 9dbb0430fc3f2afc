// Lab: when the parts of a coroutine run.  order
#include <cstdio>

#include "08-coroutines/coroutine.h"

namespace {

// [order]
mini::Future<void> coroutine(mini::Future<void> gate) {
  std::puts("  coroutine: before the wait");
  co_await gate;
  std::puts("  coroutine: after the wait");
}

void caller(mini::IOLoop& loop) {
  const mini::Future<void> gate;
  std::puts("caller: calls it");
  const mini::Future<void> ended = coroutine(gate);
  std::puts("caller: has a future, and opens the gate");
  gate.set_result();
  std::puts("caller: lets the loop run");
  ended.add_done_callback([&loop](const mini::Future<void>&) { loop.stop(); });
  loop.start();
  std::puts(ended.done() ? "caller: it has ended" : "caller: it has not ended");
}
// [/order]

}  // namespace

int main() {
  mini::IOLoop loop;
  caller(loop);
}
