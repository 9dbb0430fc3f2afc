// What makes a function that returns Future<T> a coroutine, and a Future something to await.
#pragma once

#include <coroutine>
#include <exception>
#include <utility>

#include "03-ioloop/ioloop.h"
#include "07-futures/future.h"
#include "08-coroutines/suspended_frames.h"

namespace mini {

// The compiler makes one of these for each call of a coroutine, inside its frame. Its members are
// what the compiler calls at the points that the language names.
template <class T>
struct CoroutinePromiseBase {
  Future<T> future;

  // The call: what the caller gets.
  Future<T> get_return_object() { return future; }
  // The body waits to be awaited. But who awaits has the future only, and resumes nobody.
  std::suspend_always initial_suspend() noexcept { return {}; }
  // At the end the frame goes. The result has gone to the future.
  std::suspend_never final_suspend() noexcept { return {}; }
  // The body has thrown.
  void unhandled_exception() { future.set_exception(std::current_exception()); }
};

template <class T>
struct CoroutinePromise : CoroutinePromiseBase<T> {
  template <class V>
  void return_value(V&& value) {
    this->future.set_result(std::forward<V>(value));
  }
};

template <>
struct CoroutinePromise<void> : CoroutinePromiseBase<void> {
  void return_void() { future.set_result(); }
};

// What `co_await future` calls: await_ready(); if that says no, await_suspend(), and the caller of
// the coroutine goes on; then, when somebody has resumed the frame, await_resume(), whose result is
// that of the whole expression.
template <class T>
class FutureAwaiter {
 public:
  explicit FutureAwaiter(Future<T> future) : future_(std::move(future)) {}

  bool await_ready() const { return future_.done(); }

  void await_suspend(std::coroutine_handle<> frame) const {
    SuspendedFrames& frames = SuspendedFrames::of(IOLoop::current());
    frames.insert(frame);
    future_.add_done_callback([&frames, frame](const Future<T>&) { frames.resume(frame); });
  }

  T await_resume() const { return future_.result(); }

 private:
  Future<T> future_;
};

template <class T>
FutureAwaiter<T> operator co_await(Future<T> future) {
  return FutureAwaiter<T>(std::move(future));
}

}  // namespace mini

// Where the compiler looks for the promise of a function that returns Future<T>.
template <class T, class... Args>
struct std::coroutine_traits<mini::Future<T>, Args...> {
  using promise_type = mini::CoroutinePromise<T>;
};
