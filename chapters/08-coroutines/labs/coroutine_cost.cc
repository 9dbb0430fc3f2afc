// Lab: what a coroutine costs, compared with a callback and a thread.  coroutine_cost [ns]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <new>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "08-coroutines/coroutine.h"

namespace {

std::vector<std::size_t>* noted = nullptr;  // where operator new notes the sizes it is asked for

}  // namespace

// Not inlined: the compiler would see malloc and free inside new and delete, and warn.
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (std::vector<std::size_t>* const into = std::exchange(noted, nullptr)) {
    into->push_back(size);
    noted = into;
  }
  void* const memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace {

using mini::Future;
using mini::IOLoop;

// [contenders]
Future<int> at_once(int value) {
  co_return value;
}

Future<int> waits(Future<int> value) {
  const int result = co_await value;
  co_return result + 1;
}

// Runs everything that is queued, and whatever that queues.
void run_queued(IOLoop& loop) {
  loop.add_callback([&loop] { loop.stop(); });
  loop.start();
}

constexpr int kRow = 1000;    // this many are started, then the loop runs
constexpr int kThreads = 50;  // few, so that some row falls into a quiet moment

void callbacks(IOLoop& loop) {
  int sum = 0;
  for (int i = 0; i < kRow; ++i) loop.add_callback([&sum, i] { sum += i; });
  run_queued(loop);
}

void ready(IOLoop&) {
  for (int i = 0; i < kRow; ++i) at_once(i);
}

void waiting(IOLoop& loop) {
  std::vector<Future<int>> values(kRow);
  for (const Future<int>& value : values) waits(value);
  for (const Future<int>& value : values) value.set_result(1);
  run_queued(loop);
}

void threads(IOLoop&) {
  for (int i = 0; i < kThreads; ++i) std::thread([] {}).join();
}
// [/contenders]

// Returns the best of several tries: the machine's other work can only add to the time.
double nanoseconds_each(const std::function<void(IOLoop&)>& contender, int row = kRow) {
  IOLoop loop;
  double best = 1e12;
  for (int i = 0; i < 20; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    contender(loop);
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
    best = std::min(best, took.count() / row);
  }
  return best;
}

// [bytes]
void print_bytes() {
  const IOLoop loop;
  const Future<int> value;
  std::vector<std::size_t> sizes;
  sizes.reserve(16);
  noted = &sizes;
  const Future<int> result = waits(value);
  noted = nullptr;
  std::printf("its frame: %zu bytes, its future: %zu bytes\n", sizes[0], sizes[1]);
}
// [/bytes]

}  // namespace

int main(int argc, char** argv) {
  const bool absolute = argc > 1 && std::string(argv[1]) == "ns";
  const double unit = absolute ? 1 : nanoseconds_each(callbacks);
  const char* const what = absolute ? "ns" : "callbacks";
  std::printf("a callback through the loop: %.1f %s\n", nanoseconds_each(callbacks) / unit, what);
  std::printf("a coroutine that need not wait: %.1f %s\n", nanoseconds_each(ready) / unit, what);
  std::printf("a coroutine that waits once: %.1f %s\n", nanoseconds_each(waiting) / unit, what);
  std::printf("a thread, begun and joined: %.1f %s\n", nanoseconds_each(threads, kThreads) / unit,
              what);
  print_bytes();
}
