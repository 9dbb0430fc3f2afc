// Internal header, a part of tornado/ioloop.h: what a loop keeps for later, which is event
// handlers, timers and callbacks.
#pragma once

#include <tornado/concurrent.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

namespace tornado::ioloop::detail {
class TimerHeap;
}

namespace tornado::ioloop {

// Receives the events of a descriptor. Unlike a function passed to add_handler, it needs no
// allocation.
class EventHandler {
 public:
  // Called when `fd` has some of the events it was added for, or an error: a mask of IOLoop::READ,
  // WRITE and ERROR. An exception is logged.
  virtual void handle_events(int fd, std::uint32_t events) = 0;

  // Called when the loop no longer uses the handler: it was removed, perhaps by itself, or the loop
  // was closed.
  virtual void released() noexcept {}

 protected:
  ~EventHandler() = default;
};

}  // namespace tornado::ioloop

namespace tornado::core {

std::string format_seconds(double seconds);

// Throws std::invalid_argument if `deadline` is a span of time given for a point in time: a
// positive number that is a year or more in the past on the current loop's clock.
void require_plausible(double deadline);
void require_plausible(double deadline, double now);

template <class F>
class LoopCallback final : public OwnedRunnable, public Pooled {
 public:
  LoopCallback(Ref<Context> context, F f) : context_(std::move(context)), function_(std::move(f)) {}
  void run() override {
    run_in_context(std::move(context_), [this] { run_and_free(*this, function_); });
  }

 private:
  Ref<Context> context_;  // outlives the function
  F function_;
};

template <class F>
Runnable& make_callback(Ref<Context> context, F f) {
  return *new LoopCallback<F>(std::move(context), std::move(f));
}
// For code on this loop's thread.
template <class F>
Runnable& make_callback(F f) {
  return make_callback(capture_context(), std::move(f));
}

// A function that keeps a context alive without running in it.
template <class F>
struct Detached {
  decltype(auto) operator()() { return function(); }
  Ref<Context> kept;
  F function;
};
template <class F>
Detached<F> detach(Ref<Context> kept, F function) {
  return {std::move(kept), std::move(function)};
}

template <class F, class... Args>
auto bind_callback(F&& f, Args&&... args) {
  if constexpr (sizeof...(Args) == 0) {
    return std::forward<F>(f);
  } else {
    return [f = std::forward<F>(f), ... args = std::forward<Args>(args)]() mutable {
      return invoke(f, std::move(args)...);
    };
  }
}

// Frees an object at the end of the iteration, because one of its functions may be running.
void retire(OwnedRunnable& object);

template <class F>
class FunctionHandler final : public ioloop::EventHandler, public OwnedRunnable {
  static_assert(!is_future<std::invoke_result_t<F&, int, std::uint32_t>>,
                "an event handler cannot be a coroutine: it would be called again before it ends; "
                "let it call spawn_callback");

 public:
  explicit FunctionHandler(F f) : context_(capture_context()), function_(std::move(f)) {}
  void handle_events(int fd, std::uint32_t events) override {
    run_in_context(context_, [&] {
      try {
        function_(fd, events);
      } catch (...) {
        report_callback_exception();
      }
    });
  }
  void released() noexcept override { retire(*this); }

 private:
  const Ref<Context> context_;  // outlives the function
  F function_;
};

// A timer. The heap holds it until it fires or is removed, and so does each Timeout.
class Timer final : public Counted, public Pooled {
 public:
  explicit Timer(Runnable& callback) : callback_(&callback) {}
  ~Timer() override {
    if (callback_ != nullptr) callback_->discard();
  }

  bool pending() const noexcept { return callback_ != nullptr; }
  // Takes the callback, which then belongs to the caller. Null if it fired or was removed.
  Runnable* take() noexcept { return std::exchange(callback_, nullptr); }
  // For a loop's probe. As it was pushed.
  double deadline() const noexcept { return deadline_; }
  // Returns the next timer in a batch of TimerHeap::pop_due().
  Timer* next_due() const noexcept { return next_due_; }

 private:
  friend class ioloop::detail::TimerHeap;
  static constexpr std::uint32_t kOutside = static_cast<std::uint32_t>(-1);

  std::uint32_t index_ = kOutside;  // its place in the heap
  Runnable* callback_;
  double deadline_ = 0;
  Timer* next_due_ = nullptr;
};

// A function that is called many times. Its captures live until its last call has ended, which may
// be a coroutine.
class RepeatedCallback : public Counted {
 public:
  // Starts one call. The future completes when the call has ended, with its exception if it threw.
  virtual Future<void> call() = 0;
};

template <class F>
class RepeatedFunction final : public RepeatedCallback {
 public:
  explicit RepeatedFunction(F f) : function_(std::move(f)) {}
  Future<void> call() override { return run(Ref<RepeatedFunction>(this)); }

 private:
  static Future<void> run(Ref<RepeatedFunction> self) {
    if constexpr (is_future<decltype(self->function_())>) {
      co_await self->function_();
    } else {
      self->function_();
    }
    co_return;
  }

  F function_;
};

template <class F>
Ref<RepeatedCallback> make_repeated(F f) {
  return Ref<RepeatedFunction<F>>(new RepeatedFunction<F>(std::move(f)));
}

// The function of a run_sync. The loop's callback and the coroutine share it, so that nothing
// dangles if the loop is stopped too early.
template <class F>
class SyncCall final : public Counted {
  using Returned = decltype(std::declval<F&>()());
  static constexpr bool kCoroutine = is_future<Returned>;
  template <class R>
  struct Value {
    using type = R;
  };
  template <class R>
  struct Value<Future<R>> {
    using type = R;
  };

 public:
  using Result = Future<typename Value<Returned>::type>;

  explicit SyncCall(F f) : function_(std::move(f)) {}

  static Result invoke(Ref<SyncCall> self) {
    if constexpr (kCoroutine) {
      co_return co_await self->function_();
    } else {
      co_return self->function_();
    }
  }

  bool over = false;  // run_sync has returned

 private:
  F function_;
};

}  // namespace tornado::core

namespace tornado::ioloop {

// A handle to a timer: returned by add_timeout, accepted by remove_timeout. Copies mean the same
// timer. A handle to a timer that has fired is harmless.
class Timeout {
 public:
  Timeout() = default;

  // Returns true if the timer has neither fired nor been removed.
  bool pending() const noexcept { return timer_ && timer_->pending(); }

 private:
  friend class IOLoop;
  explicit Timeout(core::Ref<core::Timer> timer) noexcept : timer_(std::move(timer)) {}
  core::Ref<core::Timer> timer_;
};

}  // namespace tornado::ioloop
