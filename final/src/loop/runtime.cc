#include <tornado/concurrent.h>
#include <tornado/detail/runtime.h>

#include <cstdint>
#include <new>
#include <stdexcept>

#include "loop/loop_state.h"
#include "loop/mailbox.h"

namespace tornado::detail {

constinit thread_local ThreadState thread_state;

// ---- queueing -----------------------------------------------------------------------------------

ioloop::IOLoop& current_loop() {
  return ioloop::IOLoop::current();
}

void schedule(ioloop::IOLoop& loop, Runnable& item) {
  if (thread_state.running == &loop) {
    loop.internals().ready.push_back(item);
  } else {
    loop.internals().mailbox->post(item);
  }
}

void schedule_next_round(ioloop::IOLoop& loop, Runnable& item) {
  if (thread_state.running == &loop) {
    loop.internals().callbacks.push_back(item);
  } else {
    loop.internals().mailbox->post(item);
  }
}

void Suspension::run() {
  hook_.unlink();
  if (owner_ != nullptr) leave_owner();
  if (context_ != nullptr) return resume_in_context();
  handle_.resume();
}

void Suspension::suspend(std::coroutine_handle<> handle, FutureStateBase* owner) {
  handle_ = handle;
  loop_ = &ioloop::IOLoop::current();
  // Nothing would ever resume or free the frame.
  if (loop_->internals().closed) throw std::runtime_error("cannot wait: the IOLoop is closed");
  hook_.link_before(loop_->internals().suspended);
  owner_ = owner;
  if (owner != nullptr) owner->set_suspension(this);
  if (thread_state.context != nullptr) keep_context();
}

// ---- memory -------------------------------------------------------------------------------------

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TORNADO_POOL_OFF 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TORNADO_POOL_OFF 1
#endif
#endif

#ifdef TORNADO_POOL_OFF

// The sanitizers see every block's life only when each comes from malloc.
void* allocate(std::size_t size) {
  return ::operator new(size);
}
void deallocate(void* block, std::size_t /*size*/) noexcept {
  ::operator delete(block);
}

#else

namespace {

constexpr std::size_t kStep = 64;
constexpr std::size_t kClasses = 16;  // up to 1 KiB; larger blocks go to malloc
constexpr std::uint32_t kKeep = 512;  // free blocks kept a class

struct FreeBlock {
  FreeBlock* next;
};

struct FreeList {
  FreeBlock* head = nullptr;
  std::uint32_t count = 0;
};

struct Pool {
  FreeList lists[kClasses];
  bool keeps = false;  // from the thread's first free block to its end
  bool ended = false;
};
constinit thread_local Pool pool;

// Gives a thread's blocks back when it ends.
struct Keeper {
  Keeper() { pool.keeps = true; }
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;
  ~Keeper() {
    pool.keeps = false;
    pool.ended = true;
    for (FreeList& list : pool.lists) {
      while (list.head != nullptr) ::operator delete(std::exchange(list.head, list.head->next));
    }
  }
};

[[gnu::noinline]] void free_unpooled(void* block) noexcept {
  if (!pool.ended) thread_local Keeper keeper;
  ::operator delete(block);
}

std::size_t class_of(std::size_t size) {
  return (size - 1) / kStep;
}

}  // namespace

void* allocate(std::size_t size) {
  const std::size_t size_class = class_of(size);
  if (size_class >= kClasses) return ::operator new(size);
  FreeList& list = pool.lists[size_class];
  if (list.head == nullptr) return ::operator new((size_class + 1) * kStep);
  --list.count;
  return std::exchange(list.head, list.head->next);
}

void deallocate(void* block, std::size_t size) noexcept {
  const std::size_t size_class = class_of(size);
  Pool& own = pool;
  if (size_class >= kClasses || !own.keeps || own.lists[size_class].count >= kKeep) {
    return free_unpooled(block);
  }
  FreeList& list = own.lists[size_class];
  list.head = ::new (block) FreeBlock{list.head};
  ++list.count;
}

#endif

}  // namespace tornado::detail
