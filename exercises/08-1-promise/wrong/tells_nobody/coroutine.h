// What makes a function that returns Future<T> a coroutine, and a Future something to await.
#pragma once

#include <coroutine>
#include <exception>
#include <utility>

#include "03-ioloop/ioloop.h"
#include "07-futures/future.h"
#include "08-coroutines/suspended_frames.h"

namespace mini {

// The compiler makes one of these, inside the frame, for each call of a coroutine. It calls the
// members at fixed points of that call.
template <class T>
struct CoroutinePromiseBase {
  Future<T> future;

  // Makes what the caller gets.
  Future<T> get_return_object() { return future; }
  // Starts the body inside the call; it runs up to its first real wait.
  std::suspend_never initial_suspend() noexcept { return {}; }
  // Frees the frame after the last line. By then the result is in the future.
  std::suspend_never final_suspend() noexcept { return {}; }
  // Called in a catch block around the body.
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

// What `co_await future` calls: await_ready(); if that returns false, await_suspend(), and the
// caller goes on. Once the frame is resumed, await_resume() makes the result.
template <class T>
class FutureAwaiter {
 public:
  explicit FutureAwaiter(Future<T> future) : future_(std::move(future)) {}

  bool await_ready() const { return future_.done(); }

  void await_suspend(std::coroutine_handle<> frame) const {
    future_.add_done_callback([frame](const Future<T>&) { frame.resume(); });
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

// Tells the compiler which promise belongs to a function that returns Future<T>.
template <class T, class... Args>
struct std::coroutine_traits<mini::Future<T>, Args...> {
  using promise_type = mini::CoroutinePromise<T>;
};
