#include "counting_new.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

long taken = 0;
long calls = 0;

// The size that glibc's malloc uses for a block: eight bytes more, in steps of 16.
long cost(std::size_t size) {
  return static_cast<long>(std::max<std::size_t>(32, (size + 8 + 15) / 16 * 16));
}

// Each block's size is stored before it, for callers that delete it without a size.
constexpr std::size_t kFront = alignof(std::max_align_t);

}  // namespace

long tornado::test::bytes_taken() {
  return taken;
}
long tornado::test::allocations() {
  return calls;
}

void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
  auto* const block = static_cast<char*>(std::malloc(size + kFront));
  if (block == nullptr) return nullptr;
  ::new (static_cast<void*>(block)) std::size_t(size);
  taken += cost(size);
  ++calls;
  return block + kFront;
}

void* operator new(std::size_t size) {
  void* const memory = operator new(size, std::nothrow);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

void operator delete(void* memory) noexcept {
  if (memory == nullptr) return;
  char* const block = static_cast<char*>(memory) - kFront;
  taken -= cost(*reinterpret_cast<std::size_t*>(block));
  std::free(block);
}

void operator delete(void* memory, std::size_t /*size*/) noexcept {
  operator delete(memory);
}

void operator delete(void* memory, const std::nothrow_t& /*tag*/) noexcept {
  operator delete(memory);
}
