// Internal header: how much memory this process has allocated.
#pragma once

#include <malloc.h>

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TORNADO_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TORNADO_SANITIZED 1
#endif
#endif

#ifdef TORNADO_SANITIZED
// Of the sanitizers' runtime. Debian's g++ comes without the header that declares it.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();
#endif

namespace tornado::test {

// Returns the bytes that malloc has given out, in all threads, and that were not freed.
inline std::size_t allocated() {
#ifdef TORNADO_SANITIZED
  return ::__sanitizer_get_current_allocated_bytes();
#else
  const struct mallinfo2 now = ::mallinfo2();
  return now.uordblks + now.hblkhd;
#endif
}

}  // namespace tornado::test
