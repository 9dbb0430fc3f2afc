#include "base/log/throw_record.h"

#include <cxxabi.h>
#include <dlfcn.h>
#include <execinfo.h>

#include <array>
#include <atomic>
#include <cstring>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace tornado::core {
namespace {

using Destructor = void (*)(void* object);

constexpr int kMaxFrames = 96;

struct Throw {
  Destructor destructor;  // null: nothing to destroy
  std::vector<void*> stack;
};

// The thrown objects that still exist.
struct Record {
  std::mutex mutex;
  std::unordered_map<const void*, Throw> throws;  // guarded by mutex
};

std::atomic<Record*> recording = nullptr;

// Runs in place of the object's destructor. Drops the record first, because the next exception may
// have the same address.
void forget_and_destroy(void* object) {
  Record& record = *recording.load(std::memory_order_acquire);
  Destructor destructor = nullptr;
  {
    const std::lock_guard lock(record.mutex);
    const auto kept = record.throws.find(object);
    destructor = kept->second.destructor;
    record.throws.erase(kept);
  }
  if (destructor != nullptr) destructor(object);
}

// Records the throw. Returns the destructor to throw the object with.
Destructor keep(Record& record, const void* object, Destructor destructor) noexcept {
  std::array<void*, kMaxFrames> frames;
  const int depth = ::backtrace(frames.data(), kMaxFrames);
  try {
    std::vector<void*> stack(frames.begin(), frames.begin() + depth);
    const std::lock_guard lock(record.mutex);
    record.throws[object] = {destructor, std::move(stack)};
    return &forget_and_destroy;
  } catch (...) {
    return destructor;  // out of memory, perhaps the reason for this throw: no record
  }
}

}  // namespace

void record_throws() {
  // Never freed, because another thread may be throwing when the program ends.
  static Record* const record = new Record;
  recording.store(record, std::memory_order_release);
}

std::vector<void*> throw_stack(const std::exception_ptr& exception) {
  Record* const record = recording.load(std::memory_order_acquire);
  if (record == nullptr || exception == nullptr) return {};
  static_assert(sizeof exception == sizeof(void*));
  const void* object = nullptr;
  // An exception_ptr holds only the address of the thrown object.
  // NOLINTNEXTLINE(bugprone-undefined-memory-manipulation)
  std::memcpy(&object, &exception, sizeof object);
  const std::lock_guard lock(record->mutex);
  const auto kept = record->throws.find(object);
  return kept != record->throws.end() ? kept->second.stack : std::vector<void*>();
}

}  // namespace tornado::core

// clang's ASan defines a weak one of its own, and of two weak definitions the first would win.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TORNADO_STRONG_THROW
#endif
#endif
#ifndef TORNADO_STRONG_THROW
// Weak, so that a program that links libstdc++ statically does not define it twice.
extern "C" __attribute__((weak)) void abi::__cxa_throw(void*, std::type_info*, void (*)(void*));
#endif

// Every `throw` calls this, here and in the libraries. It calls libstdc++'s.
extern "C" void abi::__cxa_throw(void* object, std::type_info* type, void (*destructor)(void*)) {
  using Function = void (*)(void*, std::type_info*, void (*)(void*));
  static const auto next = reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "__cxa_throw"));
  if (auto* const record = tornado::core::recording.load(std::memory_order_acquire)) {
    destructor = tornado::core::keep(*record, object, destructor);
  }
  next(object, type, destructor);
  __builtin_unreachable();
}
