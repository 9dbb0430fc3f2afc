#include <tornado/concurrent.h>
#include <tornado/core/runtime.h>

#include <cstdint>
#include <new>
#include <stdexcept>

#include "loop/loop_state.h"
#include "loop/mailbox.h"

namespace tornado::core {

constinit thread_local ThreadState thread_state;

// ---- queueing -----------------------------------------------------------------------------------

ioloop::IOLoop& current_loop() {
  return ioloop::IOLoop::current();
}

namespace {

inline void queue(ioloop::IOLoop& loop, RunQueue ioloop::detail::LoopState::* where,
                  Runnable& item) {
  auto& state = loop.internals();
  if (thread_state.running != &loop) return state.mailbox->post(item);
  (state.*where).push_back(item);
  if (state.recorder != nullptr) [[unlikely]]
    state.recorder->ready(item);
}

}  // namespace

void schedule(ioloop::IOLoop& loop, Runnable& item) {
  queue(loop, &ioloop::detail::LoopState::ready, item);
}

void schedule_next_round(ioloop::IOLoop& loop, Runnable& item) {
  queue(loop, &ioloop::detail::LoopState::callbacks, item);
}

void Suspension::run() {
  hook_.unlink();
  if (auto* recorder = loop_->internals().recorder) [[unlikely]]
    recorder->resumed(*this, handle_, place_);
  if (owner_ != nullptr) leave_owner();
  if (context_ != nullptr) return resume_in_context();
  handle_.resume();
}

void Suspension::suspend(std::coroutine_handle<> handle, FutureStateBase* owner, Place place) {
  handle_ = handle;
  place_ = place;
  loop_ = &ioloop::IOLoop::current();
  // Nothing would ever resume or free the frame.
  if (loop_->internals().closed) throw std::runtime_error("cannot wait: the IOLoop is closed");
  hook_.link_before(loop_->internals().suspended);
  owner_ = owner;
  if (owner != nullptr) owner->set_suspension(this);
  if (thread_state.context != nullptr) keep_context();
  if (auto* recorder = loop_->internals().recorder) [[unlikely]]
    recorder->suspended(*this, handle, place);
}

// ---- memory -------------------------------------------------------------------------------------

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TORNADO_POOL_OFF 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TORNADO_POOL_OFF 1
#endif
#endif

constinit thread_local BlockPool block_pool;

#ifdef TORNADO_POOL_OFF

// The sanitizers see the life of every block only if each comes from malloc.
void* allocate_unpooled(std::size_t size) {
  return ::operator new(size);
}
void free_unpooled(void* block, std::size_t /*size*/) noexcept {
  ::operator delete(block);
}

#else

namespace {

constexpr std::uint32_t kKeep = 8192;  // free blocks kept per size class

// Opens the thread's lists, and frees their blocks when the thread ends.
struct Keeper {
  Keeper() {
    for (BlockPool::FreeList& list : block_pool.lists) list.room = kKeep;
  }
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;
  ~Keeper() {
    block_pool.ended = true;
    for (BlockPool::FreeList& list : block_pool.lists) {
      list.room = 0;
      while (list.head != nullptr) ::operator delete(std::exchange(list.head, list.head->next));
    }
  }
};

}  // namespace

void* allocate_unpooled(std::size_t size) {
  const std::size_t size_class = BlockPool::class_of(size);
  if (size_class >= BlockPool::kClasses) return ::operator new(size);
  return ::operator new(BlockPool::block_size(size));
}

void free_unpooled(void* block, std::size_t size) noexcept {
  if (BlockPool::class_of(size) < BlockPool::kClasses && !block_pool.ended) {
    thread_local Keeper keeper;
  }
  ::operator delete(block);
}

#endif

}  // namespace tornado::core
