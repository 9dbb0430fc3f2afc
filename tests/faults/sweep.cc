// The fault sweep. For each scenario: records its system calls, then runs it once for each call and
// each way in which that call can fail, and checks what has to hold however it fails:
//
// - nothing crashes, and no exception goes astray;
// - no descriptor and no memory is lost;
// - other connections are served, and the loop ends when it is told to (scenarios.cc).
//
// Each scenario runs in a process of its own. If that dies, the sweep goes on with the next point.
// With --prove, the scenarios have defects, and each must be noticed.
#include <malloc.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <tornado/core/runtime.h>
#include <tornado/log.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

#include "../support/allocated.h"
#include "faults.h"
#include "scenarios.h"

namespace {

using namespace tornado;
using faults::Plan;
using faults::Scenario;
using faults::World;

constexpr unsigned kSecondsPerPoint = 60;
constexpr std::uint64_t kRepeats[] = {1, 2, 4, 64};  // how often a call fails in a row

struct Arguments {
  std::string scenario;     // empty: all
  std::size_t every = 1;    // of the points, only each so many-th
  std::int64_t point = -1;  // only this one
  bool prove = false;
};

// What parent and child both see.
struct Shared {
  std::size_t next = 0;    // point
  std::size_t points = 0;  // 0: not counted yet
  std::uint64_t struck = 0;
  std::uint64_t failures = 0;
  bool done = false;
  char about[256] = {};    // the running point
  char problem[256] = {};  // the last one found
};

std::size_t open_descriptors() {
  const faults::Spare own;
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    count += entry.path().filename() != "";
  }
  return count;
}

// Returns what malloc has given out, without the free blocks of this thread's pool. These also come
// from other threads, whose blocks were freed here. malloc's own cache of freed blocks, which it
// counts as given out, is off: see without_malloc_cache().
std::size_t memory_in_use() {
  std::size_t pooled = 0;
  for (const auto& list : core::block_pool.lists) {
    for (auto* block = list.head; block != nullptr; block = block->next) {
      pooled += ::malloc_usable_size(block) + sizeof(std::size_t);
    }
  }
  return test::allocated() - pooled;
}

// Drops what the framework logs.
struct LogHook {
  bool operator()(const log::Record&) const { return true; }
};

std::vector<Plan> plans(const std::vector<faults::Call>& calls) {
  std::vector<Plan> all;
  for (std::size_t at = 0; at < calls.size(); ++at) {
    for (const int fault : faults::faults_of(calls[at])) {
      for (const std::uint64_t repeat : kRepeats) all.push_back({at, fault, repeat});
    }
  }
  return all;
}

std::string describe(const World& world, const Scenario& scenario, std::size_t number,
                     const Plan& plan, std::string_view call) {
  const std::string how = plan.fault == faults::kShort ? "one byte" : ::strerrorname_np(plan.fault);
  return std::string(scenario.name) + " (" + world.poller + "), point " + std::to_string(number) +
         ": call " + std::to_string(plan.at) + ", " + std::string(call) + ": " + how +
         (plan.repeat > 1 ? ", " + std::to_string(plan.repeat) + " times" : "");
}

void report(Shared& shared, const Arguments& arguments, const std::string& what) {
  ++shared.failures;
  std::snprintf(shared.problem, sizeof shared.problem, "%s", what.c_str());
  if (arguments.prove) return;
  std::printf("FAILED: %s: %s\n", shared.about, what.c_str());
  std::fflush(stdout);
}

class Child {
 public:
  Child(const World& world, const Scenario& scenario, Shared& shared, const Arguments& arguments)
      : world_(world), scenario_(scenario), shared_(shared), arguments_(arguments) {}

  void run() {
    scenario_.run(world_);  // allocates what stays
    faults::record();
    scenario_.run(world_);
    const std::vector<faults::Call> calls = faults::end();
    const std::vector<Plan> all = plans(calls);
    shared_.points = all.size();
    for (; shared_.next < all.size(); ++shared_.next) {
      const std::size_t number = shared_.next;
      const bool wanted = arguments_.point < 0
                              ? number % arguments_.every == 0
                              : number == static_cast<std::size_t>(arguments_.point);
      if (!wanted) continue;
      const std::string about =
          describe(world_, scenario_, number, all[number], faults::name_of(calls[all[number].at]));
      std::snprintf(shared_.about, sizeof shared_.about, "%s", about.c_str());
      try_point(all[number]);
    }
    shared_.done = true;
  }

 private:
  void fail(const std::string& what) { report(shared_, arguments_, what); }

  // Returns false if a promise was broken.
  bool once(const Plan& plan) {
    ::alarm(kSecondsPerPoint);
    faults::begin(plan);
    std::string broken;
    try {
      scenario_.run(world_);
    } catch (const faults::Broken& error) {
      broken = error.what();
    } catch (const std::exception& error) {
      if (faults::struck() == 0) broken = std::string("failed without a fault: ") + error.what();
    }
    static_cast<void>(faults::end());
    ::alarm(0);
    if (!broken.empty()) fail(broken);
    return broken.empty();
  }

  void try_point(const Plan& plan) {
    const std::size_t descriptors = open_descriptors();
    std::size_t memory = memory_in_use();
    if (!once(plan)) return;
    shared_.struck += faults::struck() > 0;
    if (const std::size_t now = open_descriptors(); now != descriptors) {
      return fail(std::to_string(now) + " descriptors are open, " + std::to_string(descriptors) +
                  " were");
    }
    // The pool of another thread may have grown. A leak grows each time.
    constexpr int kTries = 20;
    for (int tries = 0; memory_in_use() > memory; ++tries) {
      if (tries == kTries) return fail("memory is lost");
      memory = memory_in_use();
      if (!once(plan)) return;
    }
  }

  const World& world_;
  const Scenario& scenario_;
  Shared& shared_;
  const Arguments& arguments_;
};

// Runs one scenario to its end, in as many processes as it takes.
void sweep(const World& world, const Scenario& scenario, const Arguments& arguments,
           Shared& shared) {
  shared = Shared();
  while (!shared.done) {
    const pid_t child = ::fork();
    if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
    if (child == 0) {
      const log::Capture<LogHook> quiet{LogHook()};
      Child(world, scenario, shared, arguments).run();
      std::exit(0);  // LeakSanitizer looks now
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) break;
    report(shared, arguments,
           WIFSIGNALED(status) ? std::string("killed by signal ") + ::strsignal(WTERMSIG(status))
                               : "exit status " + std::to_string(WEXITSTATUS(status)));
    if (shared.points == 0) break;
    ++shared.next;
  }
  if (arguments.prove) return;
  std::printf("%-28s %-6s %7zu points, %7llu faults, %llu failed\n",
              std::string(scenario.name).c_str(), world.poller.c_str(), shared.points,
              static_cast<unsigned long long>(shared.struck),
              static_cast<unsigned long long>(shared.failures));
  std::fflush(stdout);
}

// Returns the error message for a scenario that does not exist; empty if it does.
std::string unknown_scenario(std::string_view name) {
  std::string known;
  for (const Scenario& scenario : faults::scenarios()) {
    if (scenario.name == name) return "";
    known += (known.empty() ? "" : ", ") + std::string(scenario.name);
  }
  return "error: there is no scenario '" + std::string(name) + "'; use one of: " + known;
}

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const auto number = [word](std::size_t begin, auto& to) {
      const auto result = std::from_chars(word.data() + begin, word.data() + word.size(), to);
      return result.ec == std::errc() && result.ptr == word.data() + word.size();
    };
    if (word == "--prove") {
      arguments.prove = true;
    } else if (word.starts_with("--scenario=")) {
      arguments.scenario = word.substr(11);
      if (const std::string error = unknown_scenario(arguments.scenario); !error.empty()) {
        std::fprintf(stderr, "%s\n", error.c_str());
        std::exit(2);
      }
    } else if (!(word.starts_with("--every=") && number(8, arguments.every) &&
                 arguments.every > 0) &&
               !(word.starts_with("--point=") && number(8, arguments.point))) {
      std::fprintf(stderr,
                   "usage: fault_sweep [--scenario=NAME] [--every=N] [--point=N] | --prove\n");
      std::exit(2);
    }
  }
  return arguments;
}

int sweep_all(World& world, const Arguments& arguments, Shared& shared) {
  std::uint64_t struck = 0;
  std::uint64_t failures = 0;
  for (const Scenario& scenario : faults::scenarios()) {
    if (!arguments.scenario.empty() && arguments.scenario != scenario.name) continue;
    for (const char* poller : {"epoll", "poll"}) {
      world.poller = poller;
      sweep(world, scenario, arguments, shared);
      struck += shared.struck;
      failures += shared.failures;
    }
  }
  std::printf("%llu faults tried, %llu failed\n", static_cast<unsigned long long>(struck),
              static_cast<unsigned long long>(failures));
  return failures == 0 && struck > 0 ? 0 : 1;
}

// Whether only a scenario that does not exist is refused, with the names of all that do.
bool refuses_unknown_scenarios() {
  const std::string error = unknown_scenario("of_nothing");
  return std::ranges::all_of(faults::scenarios(), [&error](const Scenario& scenario) {
    return unknown_scenario(scenario.name).empty() && error.find(scenario.name) != error.npos;
  });
}

int prove(const World& world, const Arguments& arguments, Shared& shared) {
  int missed = refuses_unknown_scenarios() ? 0 : 1;
  if (missed != 0) std::printf("FAILED: an unknown scenario is not refused\n");
  for (const auto& [scenario, noticed] : faults::planted()) {
    sweep(world, scenario, arguments, shared);
    const bool found = std::string_view(shared.problem).find(noticed) != std::string_view::npos;
    missed += found ? 0 : 1;
    std::printf("%s: %s\n", found ? "noticed" : "FAILED: not noticed", noticed.data());
    std::fflush(stdout);
  }
  return missed == 0 ? 0 : 1;
}

// Starts this program again with an environment that turns malloc's cache off. glibc cannot do it
// later.
void without_malloc_cache(char** argv) {
  if (std::getenv("GLIBC_TUNABLES") != nullptr) return;
  ::setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0", 1);
  ::execv("/proc/self/exe", argv);
  std::perror("execv");
  std::exit(1);
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments arguments = parse(argc, argv);
  without_malloc_cache(argv);
  const testing::Authority authority;
  const testing::Identity identity = authority.issue();
  World world{"epoll", authority.path("files"), &authority, &identity};
  std::filesystem::create_directory(world.folder);
  std::ofstream(world.folder + "/file.bin") << std::string(300'000, 'f');

  auto* const shared = static_cast<Shared*>(
      ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  if (shared == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
  const int result =
      arguments.prove ? prove(world, arguments, *shared) : sweep_all(world, arguments, *shared);
  std::filesystem::remove_all(world.folder);
  return result;
}
