// What the loop and its futures cost: each await, callback and timer of a server pays this.
#include <benchmark/benchmark.h>
#include <tornado/gen.h>
#include <tornado/ioloop.h>

#include <thread>
#include <vector>

namespace tornado {
namespace {

using ioloop::IOLoop;

// An await of what is done already. Every budget-th goes through the loop; that is part of the
// price.
void ready_await(benchmark::State& state) {
  IOLoop loop;
  loop.run_sync([&]() -> Future<void> {
    Future<int> done;
    done.set_result(1);
    int sum = 0;
    for (auto _ : state) sum += co_await done;
    benchmark::DoNotOptimize(sum);
  });
}
BENCHMARK(ready_await);

Future<int> one() {
  co_return 1;
}

// The same of a coroutine that need not wait: its frame and its future are made and freed too.
void ready_coroutine(benchmark::State& state) {
  IOLoop loop;
  loop.run_sync([&]() -> Future<void> {
    int sum = 0;
    for (auto _ : state) sum += co_await one();
    benchmark::DoNotOptimize(sum);
  });
}
BENCHMARK(ready_coroutine);

// A future completed by its own waiter's loop: suspend, queue, resume.
void await_through_the_loop(benchmark::State& state) {
  IOLoop loop;
  loop.run_sync([&]() -> Future<void> {
    std::vector<Future<void>> slot(1);
    bool over = false;
    const auto complete = [&]() -> Future<void> {
      while (!over) {
        slot[0].set_result();
        Future<void> mine;
        slot.push_back(mine);
        co_await mine;
      }
    };
    auto other = complete();
    for (auto _ : state) {
      slot[0] = Future<void>();
      slot[1].set_result();
      slot.pop_back();
      co_await slot[0];
    }
    over = true;
    slot[1].set_result();
    co_await other;
  });
  // Each round is two such awaits: ours and the other's.
  state.SetItemsProcessed(2 * state.iterations());
}
BENCHMARK(await_through_the_loop);

void moment(benchmark::State& state) {
  IOLoop loop;
  loop.run_sync([&]() -> Future<void> {
    for (auto _ : state) co_await gen::moment;
  });
}
BENCHMARK(moment);

void add_callback(benchmark::State& state) {
  constexpr int kBatch = 100;
  IOLoop loop;
  loop.run_sync([&]() -> Future<void> {
    int calls = 0;
    for (auto _ : state) {
      for (int i = 0; i < kBatch; ++i) loop.add_callback([&calls] { ++calls; });
      co_await gen::moment;
    }
    benchmark::DoNotOptimize(calls);
  });
  state.SetItemsProcessed(kBatch * state.iterations());
}
BENCHMARK(add_callback);

void timer_add_and_remove(benchmark::State& state) {
  IOLoop loop;
  for (int i = 0; i < 1000; ++i) loop.call_later(3600 + i, [] {});
  for (auto _ : state) loop.remove_timeout(loop.call_at(1e12, [] {}));
}
BENCHMARK(timer_add_and_remove);

void add_callback_from_a_thread(benchmark::State& state) {
  constexpr int kBatch = 10'000;
  IOLoop loop;
  std::thread runner([&] { loop.start(); });
  for (auto _ : state) {
    std::atomic<bool> done = false;
    for (int i = 1; i < kBatch; ++i) loop.add_callback([] {});
    loop.add_callback([&] {
      done = true;
      done.notify_one();
    });
    done.wait(false);
  }
  loop.stop();
  runner.join();
  state.SetItemsProcessed(kBatch * state.iterations());
}
BENCHMARK(add_callback_from_a_thread)->UseRealTime();

void multi_of_three(benchmark::State& state) {
  IOLoop loop;
  loop.run_sync([&]() -> Future<void> {
    int sum = 0;
    for (auto _ : state) {
      auto [a, b, c] = co_await gen::multi(one(), one(), one());
      sum += a + b + c;
    }
    benchmark::DoNotOptimize(sum);
  });
}
BENCHMARK(multi_of_three);

void run_in_executor(benchmark::State& state) {
  IOLoop loop;
  concurrent::ThreadPoolExecutor pool(1);
  loop.run_sync([&]() -> Future<void> {
    for (auto _ : state) co_await pool.submit([] {});
  });
}
BENCHMARK(run_in_executor)->UseRealTime();

}  // namespace
}  // namespace tornado
