#include "failing_new.h"

#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

constexpr std::uint64_t kNever = UINT64_MAX;

std::uint64_t left = kNever;  // calls until the one that fails
bool failed = false;
std::int64_t living = 0;

}  // namespace

void failing_new::fail_at(std::uint64_t number) {
  left = number;
  failed = false;
}
bool failing_new::stop() {
  left = kNever;
  return failed;
}
std::int64_t failing_new::blocks() {
  return living;
}

// All forms, because a sanitizer's runtime defines the others itself, and they would not match
// these.
void* operator new(std::size_t size) {
  if (left != kNever && left-- == 0) {
    left = kNever;
    failed = true;
    throw std::bad_alloc();
  }
  void* const block = std::malloc(size > 0 ? size : 1);
  if (block == nullptr) throw std::bad_alloc();
  ++living;
  return block;
}

void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
  try {
    return operator new(size);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void* operator new[](std::size_t size) {
  return operator new(size);
}

void* operator new[](std::size_t size, const std::nothrow_t& tag) noexcept {
  return operator new(size, tag);
}

void operator delete(void* block) noexcept {
  living -= block != nullptr;
  std::free(block);
}

void operator delete(void* block, std::size_t /*size*/) noexcept {
  operator delete(block);
}

void operator delete[](void* block) noexcept {
  operator delete(block);
}

void operator delete[](void* block, std::size_t /*size*/) noexcept {
  operator delete(block);
}
