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

  // TODO: what the caller gets.
  Future<T> get_return_object() { return Future<T>(); }
  // TODO: whether to stop before the first line.
  std::suspend_always initial_suspend() noexcept { return {}; }
  // TODO: whether to stop behind the last line.
  std::suspend_always final_suspend() noexcept { return {}; }
  // TODO: the body has thrown.
  void unhandled_exception() {}
};

template <class T>
struct CoroutinePromise : CoroutinePromiseBase<T> {
  // TODO: `co_return value`.
  template <class V>
  void return_value(V&&) {}
};

template <>
struct CoroutinePromise<void> : CoroutinePromiseBase<void> {
  // TODO: `co_return`, or the end of the body.
  void return_void() {}
};

// What `co_await future` calls: await_ready(); if that says no, await_suspend(), and the caller of
// the coroutine goes on; then, when somebody has resumed the frame, await_resume(), whose result is
// that of the whole expression.
template <class T>
class FutureAwaiter {
 public:
  explicit FutureAwaiter(Future<T> future) : future_(std::move(future)) {}

  // TODO: whether there is nothing to wait for.
  bool await_ready() const { return false; }

  // TODO: somebody must resume the frame, and until then somebody must have it.
  void await_suspend(std::coroutine_handle<>) const {}

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
