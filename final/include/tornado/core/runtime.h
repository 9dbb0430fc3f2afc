// Internal header: per-thread state and memory that futures and coroutines need. Implemented in
// loop/runtime.cc.
#pragma once

#include <tornado/core/run_queue.h>
#include <tornado/core/seconds.h>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <new>
#include <source_location>
#include <utility>

namespace tornado::ioloop {
class IOLoop;
namespace detail {
struct LoopState;
}
}  // namespace tornado::ioloop

namespace tornado::core {

class Context;

// The number of ready results that a coroutine may take at once before the loop gets a turn.
// Otherwise a producer that is always ready (a fast download, say) would starve every other
// connection.
inline constexpr int kAwaitBudget = 64;

struct ThreadState {
  ioloop::IOLoop* current = nullptr;  // the result of IOLoop::current()
  ioloop::IOLoop* running = nullptr;  // the loop whose start() is on this thread's stack
  Context* context = nullptr;         // of the running code; null for the loop itself
  int await_budget = kAwaitBudget;
  bool closing = false;  // a loop is being closed on this thread
};
extern constinit thread_local ThreadState thread_state;

// Returns true if a ready result may be taken without a turn of the loop.
inline bool take_await_budget() noexcept {
  if (thread_state.running == nullptr) return true;  // no loop is running here
  if (thread_state.await_budget == 0) return false;
  --thread_state.await_budget;
  return true;
}

// Queue `item` on a loop: among the completed futures (this iteration), or among the callbacks (the
// next). If the loop does not run on this thread, the item goes through its mailbox.
void schedule(ioloop::IOLoop& loop, Runnable& item);
void schedule_next_round(ioloop::IOLoop& loop, Runnable& item);
ioloop::IOLoop& current_loop();

// Memory for frames, futures and callbacks: free lists by size class, one set per thread, on top of
// malloc. Blocks may be freed on another thread than the one that allocated them.
struct BlockPool {
  struct FreeBlock {
    FreeBlock* next;
  };
  struct FreeList {
    FreeBlock* head = nullptr;
    // The number of blocks that the list still accepts: 0 before the thread's first free block,
    // after the thread's end, and always where a sanitizer watches malloc. One comparison covers
    // all cases.
    std::uint32_t room = 0;
  };
  // Blocks hold 8, 24, 40... bytes, like glibc's malloc: other sizes would waste the rest.
  static constexpr std::size_t kStep = 16;
  static constexpr std::size_t kClasses = 65;  // up to 1 KiB; larger blocks go to malloc

  static constexpr std::size_t class_of(std::size_t size) { return (size + 7) / kStep; }
  // Returns the class of the blocks that serve `size` bytes.
  static constexpr std::size_t block_size(std::size_t size) { return class_of(size) * kStep + 8; }

  FreeList lists[kClasses];
  bool ended = false;
};
extern constinit thread_local BlockPool block_pool;

// Handle the sizes and blocks that the lists do not.
void* allocate_unpooled(std::size_t size);
void free_unpooled(void* block, std::size_t size) noexcept;

// Inline: the size is nearly always a constant, and then so is the list.
inline void* allocate(std::size_t size) {
  const std::size_t size_class = BlockPool::class_of(size);
  if (size_class >= BlockPool::kClasses) return allocate_unpooled(size);
  BlockPool::FreeList& list = block_pool.lists[size_class];
  if (list.head == nullptr) return allocate_unpooled(size);
  ++list.room;
  return std::exchange(list.head, list.head->next);
}
inline void deallocate(void* block, std::size_t size) noexcept {
  const std::size_t size_class = BlockPool::class_of(size);
  if (size_class >= BlockPool::kClasses) return free_unpooled(block, size);
  BlockPool::FreeList& list = block_pool.lists[size_class];
  if (list.room == 0) return free_unpooled(block, size);
  --list.room;
  list.head = ::new (block) BlockPool::FreeBlock{list.head};
}

// Makes a class use the allocator above.
struct Pooled {
  static void* operator new(std::size_t size) { return allocate(size); }
  static void operator delete(void* block, std::size_t size) noexcept { deallocate(block, size); }
  // For what needs a larger alignment, such as the future of an alignas(64) struct.
  static void* operator new(std::size_t size, std::align_val_t alignment) {
    return ::operator new(size, alignment);
  }
  static void operator delete(void* block, std::size_t size, std::align_val_t alignment) noexcept {
    ::operator delete(block, size, alignment);
  }
};

class FutureStateBase;
class Suspension;

// The same for std::allocate_shared.
template <class T>
struct PoolAllocator {
  using value_type = T;
  PoolAllocator() = default;
  template <class U>
  explicit PoolAllocator(const PoolAllocator<U>&) noexcept {}
  T* allocate(std::size_t count) { return static_cast<T*>(core::allocate(count * sizeof(T))); }
  void deallocate(T* block, std::size_t count) noexcept {
    core::deallocate(block, count * sizeof(T));
  }
  template <class U>
  bool operator==(const PoolAllocator<U>&) const noexcept {
    return true;
  }
};

// The interface by which a future's producer is asked to end the work.
class Canceller {
 public:
  // Ends the work and then completes the pending `future` with CancelledError, at once or later.
  // Runs no user code. May be called again until the future is done.
  virtual void cancel(FutureStateBase& future) = 0;
  // Called when the future is done or destroyed: no further call will follow.
  virtual void let_go() noexcept = 0;
  // Returns where the coroutine waits whose result the future receives; null if none waits.
  virtual Suspension* inner() noexcept { return nullptr; }

 protected:
  ~Canceller() = default;
};

// Waits for a future.
class Waiter : public Runnable {
 public:
  // Called when the future is done and no longer refers to the waiter, which queues itself on a
  // loop. Runs no user code.
  virtual void completed(FutureStateBase& state) = 0;

 protected:
  ~Waiter() override = default;
};

// Returns the future of the coroutine with this promise; null for a coroutine of another library.
template <class P>
FutureStateBase* future_of(P& promise) {
  if constexpr (requires { promise.future_state(); }) {
    return &promise.future_state();
  } else {
    return nullptr;
  }
}

// The place of a co_await in the source.
using Place = std::source_location;

// A suspended coroutine. It resumes on the loop that was current when it was suspended. That loop
// knows it, so that IOLoop::close() can free frames that nothing will resume. The coroutine's
// future knows it, so that a request to cancel finds what to interrupt. Lives inside the frame.
//
// An awaiter derives from it: await_suspend() calls suspend(), then arranges for it to be resumed,
// then calls deliver_cancel(); await_resume() calls throw_if_cancelled().
class Suspension : public Waiter {
 public:
  void run() final;
  void discard() noexcept final {}  // the loop destroys the frame itself
  void completed(FutureStateBase&) override { schedule(*loop_, *this); }

  // Called to cancel the coroutine while it waits here. This default is for one that is already
  // queued to resume: it throws then.
  virtual void cancel() { set_cancelled(); }
  // Returns where the awaited coroutine waits, perhaps on another loop; null if it does not wait,
  // or is not a coroutine.
  virtual Suspension* inner() noexcept { return nullptr; }

 protected:
  Suspension() = default;
  ~Suspension() override {
    if (owner_ != nullptr) leave_owner();
  }

  // Adds `handle` to the current loop's list; throws std::runtime_error if that loop is closed.
  // `owner` is the coroutine's own future, or null. `place` is that of the co_await, which the
  // compiler gives as the default argument of await_suspend(). It is kept for a loop's probe.
  void suspend(std::coroutine_handle<> handle, FutureStateBase* owner, Place place);
  void resume_next_round() { schedule_next_round(*loop_, *this); }
  // Cancels if that was requested while the coroutine ran.
  void deliver_cancel() {
    if (owner_ != nullptr) deliver_to_owner();
  }

  void resume_now() { schedule(*loop_, *this); }
  // For a cancel() that ends the wait: the await throws CancelledError when resumed.
  void set_cancelled() noexcept { cancelled_ = true; }
  // For a cancel() that comes when the result is ready: nothing is lost, and the next wait is
  // cancelled.
  void postpone_cancel();

  void throw_if_cancelled() const {
    if (cancelled_) throw_cancelled();
  }

 private:
  friend class ioloop::IOLoop;
  friend struct ioloop::detail::LoopState;
  struct Hook : ListHook {
    explicit Hook(Suspension* owner) : suspension(owner) {}
    Suspension* suspension;
  };
  void leave_owner() noexcept;
  void deliver_to_owner();
  [[noreturn]] static void throw_cancelled();

  void keep_context();
  void resume_in_context();
  void destroy();  // by the loop's close()

  bool cancelled_ = false;
  FutureStateBase* owner_ = nullptr;  // while suspended
  std::coroutine_handle<> handle_;
  ioloop::IOLoop* loop_ = nullptr;
  // The context in which it resumes; a reference from suspend() to run(), or to the loop's close().
  // Not a Ref, because most results are ready and the coroutine is never suspended.
  Context* context_ = nullptr;
  Place place_;
  Hook hook_{this};
};

}  // namespace tornado::core
