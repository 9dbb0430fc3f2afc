// The fault layer for programs that know nothing of it, with LD_PRELOAD: see chapters.py. The
// environment says what it does. FAULT_FD is the descriptor that gets a byte for each call. Without
// FAULT_AT, the calls are recorded; with it, the call with that number fails with FAULT_ERRNO, and
// FAULT_REPEAT times in a row, if it is FAULT_CALL.
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "faults.h"

namespace {

std::int64_t number(const char* name) {
  const char* const text = std::getenv(name);
  if (text == nullptr) return -1;
  const std::string_view view = text;
  std::int64_t value = -1;
  std::from_chars(view.data(), view.data() + view.size(), value);
  return value;
}

__attribute__((constructor)) void start() {
  const std::int64_t fd = number("FAULT_FD");
  if (fd < 0) return;
  faults::report_to(static_cast<int>(fd));
  const std::int64_t at = number("FAULT_AT");
  if (at < 0) return faults::record();
  faults::begin({.at = static_cast<std::uint64_t>(at),
                 .fault = static_cast<int>(number("FAULT_ERRNO")),
                 .repeat = static_cast<std::uint64_t>(number("FAULT_REPEAT")),
                 .call = static_cast<faults::Call>(number("FAULT_CALL"))});
}

}  // namespace

// What the driver asks for, with ctypes: the name of a call, or null; and one of its faults, or 0.
extern "C" __attribute__((visibility("default"))) const char* fault_name(int call) {
  if (call < 0 || call >= static_cast<int>(faults::Call::kCount)) return nullptr;
  return faults::name_of(static_cast<faults::Call>(call)).data();
}

extern "C" __attribute__((visibility("default"))) int fault_of(int call, int index) {
  const auto all = faults::faults_of(static_cast<faults::Call>(call));
  return static_cast<std::size_t>(index) < all.size() ? all[static_cast<std::size_t>(index)] : 0;
}
