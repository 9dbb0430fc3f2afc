// The main() of the test programs. A test that hangs is ended from outside with SIGQUIT
// (tests/CMakeLists.txt); it then prints which test was running and where. Signals that the
// starting shell had ignored, as `nohup` and background jobs have them, get their default action
// back: tests send them to themselves and to their children.
#include <execinfo.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <cstdio>

#ifdef TORNADO_WITH_BACKTRACE
#include "base/log/backtrace_api.h"
#endif

namespace {

constexpr int kHung = 124;  // as timeout(1) exits

#ifdef TORNADO_WITH_BACKTRACE
backtrace_state* names = nullptr;

void no_names(void*, const char*, int) {}

int print_call(void*, std::uintptr_t, const char* file, int line, const char* function) {
  if (function != nullptr)
    std::printf("  %s  %s:%d\n", function, file != nullptr ? file : "?", line);
  return 0;
}

void print_stack() {
  std::array<void*, 64> calls{};
  const int depth = ::backtrace(calls.data(), static_cast<int>(calls.size()));
  for (int i = 0; i < depth; ++i) {
    const auto call = reinterpret_cast<std::uintptr_t>(calls[static_cast<std::size_t>(i)]);
    backtrace_pcinfo(names, call - 1, print_call, no_names, nullptr);
  }
}
#else
void print_stack() {
  std::array<void*, 64> calls{};
  const int depth = ::backtrace(calls.data(), static_cast<int>(calls.size()));
  ::backtrace_symbols_fd(calls.data(), depth, STDOUT_FILENO);
}
#endif

// Not async-signal-safe, and does not have to be: the process is hung, and ends here.
[[noreturn]] void tell_where_it_hangs(int) {
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  std::printf("\nHung: %s.%s did not end in time. It was in:\n",
              test ? test->test_suite_name() : "main", test ? test->name() : "main");
  print_stack();
  std::fflush(stdout);
  ::_exit(kHung);
}

}  // namespace

int main(int argc, char** argv) {
  for (const int ignored : {SIGINT, SIGHUP, SIGPIPE}) std::signal(ignored, SIG_DFL);
#ifdef TORNADO_WITH_BACKTRACE
  names = backtrace_create_state(nullptr, 1, no_names, nullptr);
#endif
  std::signal(SIGQUIT, tell_where_it_hangs);
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
