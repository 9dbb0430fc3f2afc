// Internal header: what futures and coroutines need of the thread they run on. Implemented in
// loop/runtime.cc.
#pragma once

#include <tornado/core/run_queue.h>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

namespace tornado::ioloop {
class IOLoop;
namespace detail {
struct LoopState;
}
}  // namespace tornado::ioloop

namespace tornado::core {

class Context;

// A coroutine may take this many results that were ready at once before the loop gets a turn. A
// producer that is always ready (a fast download, say) would starve every other connection
// otherwise.
inline constexpr int kAwaitBudget = 64;

struct ThreadState {
  ioloop::IOLoop* current = nullptr;  // what IOLoop::current() answers
  ioloop::IOLoop* running = nullptr;  // the loop whose start() is on this thread's stack
  Context* context = nullptr;         // of the code that runs; null for the loop itself
  int await_budget = kAwaitBudget;
  bool closing = false;  // a loop is being closed on this thread
};
extern constinit thread_local ThreadState thread_state;

// Whether a result that is ready may be taken without a turn of the loop.
inline bool take_await_budget() noexcept {
  if (thread_state.running == nullptr) return true;  // there is no turn to give
  if (thread_state.await_budget == 0) return false;
  --thread_state.await_budget;
  return true;
}

// Queues `item` on a loop: among the futures that are done (this iteration), or among the callbacks
// (the next). A loop that does not run on this thread gets it through its mailbox.
void schedule(ioloop::IOLoop& loop, Runnable& item);
void schedule_next_round(ioloop::IOLoop& loop, Runnable& item);
ioloop::IOLoop& current_loop();

// Memory for frames, futures and callbacks: free lists by size class, one set a thread, malloc
// beneath. Blocks may be freed on another thread than they came from.
struct BlockPool {
  struct FreeBlock {
    FreeBlock* next;
  };
  struct FreeList {
    FreeBlock* head = nullptr;
    // Blocks it still takes: none before the thread's first free block, none after the thread's
    // end, and never any where a sanitizer watches malloc. One comparison tells all cases apart.
    std::uint32_t room = 0;
  };
  // Blocks hold 8, 24, 40... bytes, as glibc's malloc makes them: other sizes would waste the rest.
  static constexpr std::size_t kStep = 16;
  static constexpr std::size_t kClasses = 65;  // up to 1 KiB; larger blocks go to malloc

  static constexpr std::size_t class_of(std::size_t size) { return (size + 7) / kStep; }
  // Of the block that serves for `size` bytes.
  static constexpr std::size_t block_size(std::size_t size) { return class_of(size) * kStep + 8; }

  FreeList lists[kClasses];
  bool ended = false;
};
extern constinit thread_local BlockPool block_pool;

// What the lists do not have or do not take.
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

// Gives a class the allocator above.
struct Pooled {
  static void* operator new(std::size_t size) { return allocate(size); }
  static void operator delete(void* block, std::size_t size) noexcept { deallocate(block, size); }
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

// The maker of a future, as far as it can be asked to end the work behind it.
class Canceller {
 public:
  // Ends the work and then the pending `future` with CancelledError, at once or later. Runs
  // nobody's code. May be called again until the future is done.
  virtual void cancel(FutureStateBase& future) = 0;
  // The future is done or dies: nothing will be asked any more.
  virtual void let_go() noexcept = 0;
  // Where the coroutine waits whose result the future gets; null if there is none that waits.
  virtual Suspension* inner() noexcept { return nullptr; }

 protected:
  ~Canceller() = default;
};

// Something that waits for a future.
class Waiter : public Runnable {
 public:
  // The future is done and has let go of the waiter, which queues itself on a loop. Runs nobody's
  // code.
  virtual void completed(FutureStateBase& state) = 0;

 protected:
  ~Waiter() override = default;
};

// The future of the coroutine whose promise this is; null for a coroutine that is not ours.
template <class P>
FutureStateBase* future_of(P& promise) {
  if constexpr (requires { promise.future_state(); }) {
    return &promise.future_state();
  } else {
    return nullptr;
  }
}

// A suspended coroutine. It goes on on the loop that was current when it was suspended. That loop
// knows it, so that IOLoop::close() can free the frames that nothing will resume; the coroutine's
// future knows it, so that a request to cancel finds what to interrupt. Lives inside the frame.
//
// An awaiter derives from it: await_suspend() calls suspend(), then arranges for it to be resumed,
// then calls deliver_cancel(); await_resume() calls throw_if_cancelled().
class Suspension : public Waiter {
 public:
  void run() final;
  void discard() noexcept final {}  // the loop destroys the frame itself
  void completed(FutureStateBase&) override { schedule(*loop_, *this); }

  // The coroutine is asked to end while it waits here. As it stands: it is queued to resume anyway,
  // and throws then.
  virtual void cancel() { set_cancelled(); }
  // Where a coroutine waits that this one waits for, perhaps on another loop; null: for none that
  // waits itself.
  virtual Suspension* inner() noexcept { return nullptr; }

 protected:
  Suspension() = default;
  ~Suspension() override {
    if (owner_ != nullptr) leave_owner();
  }

  // Enters `handle` in the current loop's list; throws std::runtime_error if that loop is closed.
  // `owner` is the coroutine's own future, or null.
  void suspend(std::coroutine_handle<> handle, FutureStateBase* owner);
  void resume_next_round() { schedule_next_round(*loop_, *this); }
  // Cancels if that was asked for while the coroutine ran.
  void deliver_cancel() {
    if (owner_ != nullptr) deliver_to_owner();
  }

  void resume_now() { schedule(*loop_, *this); }
  // For a cancel() that ends the wait: the await throws CancelledError once resumed.
  void set_cancelled() noexcept { cancelled_ = true; }
  // For a cancel() that comes when the result is there: nothing is lost, the next wait is
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
  // The context it goes on in; a reference from suspend() to run(), or to the loop's close(). Not a
  // Ref: most results are ready, and the coroutine is never suspended.
  Context* context_ = nullptr;
  Hook hook_{this};
};

// `count()` ticks of `period` seconds: any std::chrono::duration, without the header.
template <class D>
concept Duration = requires(const D& d) {
  typename D::rep;
  D::period::num;
  D::period::den;
  d.count();
};

template <Duration D>
constexpr double to_seconds(const D& d) {
  return static_cast<double>(d.count()) * static_cast<double>(D::period::num) /
         static_cast<double>(D::period::den);
}

}  // namespace tornado::core
