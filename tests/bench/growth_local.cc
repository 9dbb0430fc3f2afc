// What growth.py measures without a socket. Prints one JSON object: how many items, and the
// processor time that they took.
//
//   growth_local timers N SECONDS      N timers in no order, set and called
//   growth_local timeouts N SECONDS    a timeout set and removed while N others are pending
//   growth_local coroutines N SECONDS  N coroutines that wait at the same time: from call to end
//
// Repeats until SECONDS of processor time have passed.
#include <tornado/gen.h>
#include <tornado/ioloop.h>
#include <tornado/locks.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

namespace {

using namespace tornado;

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// The same numbers in every run, in [0, 1).
class Scatter {
 public:
  double next() {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<double>(state_ >> 11) * 0x1p-53;
  }

 private:
  std::uint64_t state_ = 1;
};

struct Figures {
  std::uint64_t items = 0;
  double cpu_s = 0;
};

// All are due at once, so that none costs a wait in the kernel.
Future<Figures> timers(std::uint64_t count, double seconds) {
  auto& loop = ioloop::IOLoop::current();
  Scatter scatter;
  Figures figures;
  const double start = cpu_seconds();
  while (figures.cpu_s < seconds) {
    const double now = loop.time();
    std::uint64_t left = count;
    Future<void> all;
    for (std::uint64_t i = 0; i < count; ++i) {
      loop.call_at(now - scatter.next(), [&left, &all] {
        if (--left == 0) all.set_result();
      });
    }
    co_await all;
    figures.items += count;
    figures.cpu_s = cpu_seconds() - start;
  }
  co_return figures;
}

Future<Figures> timeouts(std::uint64_t count, double seconds) {
  constexpr int kBatch = 1000;
  auto& loop = ioloop::IOLoop::current();
  Scatter scatter;
  Figures figures;
  std::vector<ioloop::Timeout> pending;
  const auto set_one = [&] { return loop.call_later(3600 + scatter.next(), [] {}); };
  for (std::uint64_t i = 0; i < count; ++i) pending.push_back(set_one());
  const double start = cpu_seconds();
  while (figures.cpu_s < seconds) {
    for (int i = 0; i < kBatch; ++i) loop.remove_timeout(set_one());
    figures.items += kBatch;
    figures.cpu_s = cpu_seconds() - start;
  }
  for (const auto& timeout : pending) loop.remove_timeout(timeout);
  co_return figures;
}

Future<void> wait_for(locks::Event& gate, std::uint64_t& left) {
  co_await gate.wait();
  --left;
}

Future<Figures> coroutines(std::uint64_t count, double seconds) {
  Figures figures;
  const double start = cpu_seconds();
  while (figures.cpu_s < seconds) {
    locks::Event gate;
    std::uint64_t left = count;
    std::vector<Future<void>> waiting;
    for (std::uint64_t i = 0; i < count; ++i) waiting.push_back(wait_for(gate, left));
    gate.set();
    for (auto& one : waiting) co_await one;
    if (left != 0) std::abort();
    figures.items += count;
    figures.cpu_s = cpu_seconds() - start;
  }
  co_return figures;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  const std::string kind = args.size() == 3 ? args[0] : "";
  const auto measure = kind == "timers"       ? timers
                       : kind == "timeouts"   ? timeouts
                       : kind == "coroutines" ? coroutines
                                              : nullptr;
  if (measure == nullptr) {
    std::fprintf(stderr, "usage: growth_local timers|timeouts|coroutines N SECONDS\n");
    return 2;
  }
  const auto count = std::strtoull(args[1].c_str(), nullptr, 10);
  const double seconds = std::strtod(args[2].c_str(), nullptr);
  const Figures figures =
      ioloop::IOLoop::current().run_sync([=] { return measure(count, seconds); });
  std::printf("{\"items\": %llu, \"cpu_s\": %.6f}\n",
              static_cast<unsigned long long>(figures.items), figures.cpu_s);
}
