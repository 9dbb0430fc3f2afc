// Runs a fuzz program's inputs once each, without libFuzzer: replay FOLDER ... The stored inputs
// stay tests that way, with every compiler and sanitizer.
//
// With --allocations first, runs each input once for each of its allocations, and makes that one
// fail. Nothing but std::bad_alloc may be thrown, and no memory may be lost. --no-allocations says
// that there are none.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "check.h"
#include "failing_new.h"

namespace {

// An input that allocates more often is cut there.
constexpr std::uint64_t kMostFailures = 2000;

using Input = std::vector<char>;

void run(const Input& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

// Returns false if no allocation failed, because there are not that many.
bool run_without(const Input& input, std::uint64_t number) {
  failing_new::fail_at(number);
  try {
    run(input);
  } catch (const std::bad_alloc&) {
  }
  return failing_new::stop();
}

// Returns how many allocations failed.
std::uint64_t fail_allocations(const Input& input) {
  run(input);  // allocates what stays
  for (std::uint64_t number = 0; number < kMostFailures; ++number) {
    // Twice, because the first failure may leave something that is made once.
    if (!run_without(input, number)) return number;
    const std::int64_t before = failing_new::blocks();
    run_without(input, number);
    FUZZ_CHECK(failing_new::blocks() == before);
  }
  return kMostFailures;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::filesystem::path> files;
  const std::string_view mode = argc > 1 ? argv[1] : "";
  allocations_fail = mode == "--allocations" || mode == "--no-allocations";
  for (int i = allocations_fail ? 2 : 1; i < argc; ++i) {
    for (const auto& entry : std::filesystem::directory_iterator(argv[i]))
      files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::uint64_t failures = 0;
  for (const auto& file : files) {
    std::ifstream stream(file, std::ios::binary);
    const Input bytes(std::istreambuf_iterator<char>(stream), {});
    std::printf("%s\n", file.filename().c_str());
    std::fflush(stdout);
    if (allocations_fail) {
      failures += fail_allocations(bytes);
    } else {
      run(bytes);
    }
  }
  std::printf("%zu inputs replayed\n", files.size());
  if (files.empty()) return 1;
  if (!allocations_fail) return 0;
  std::printf("%llu allocations failed\n", static_cast<unsigned long long>(failures));
  return (failures > 0) == (mode == "--allocations") ? 0 : 1;
}
