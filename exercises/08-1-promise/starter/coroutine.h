// What makes a function that returns Future<T> a coroutine, and a Future something to await.
#pragma once

#include <coroutine>
#include <exception>
#include <type_traits>
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

  // Milestone 1: make what the caller gets.
  Future<T> get_return_object() { return Future<T>(); }
  // Milestone 1: suspend before the first line?
  std::suspend_always initial_suspend() noexcept { return {}; }
  // Milestone 1: suspend after the last line?
  std::suspend_always final_suspend() noexcept { return {}; }
  // Milestone 1: called in a catch block around the body.
  void unhandled_exception() {}
};

template <class T>
struct CoroutinePromise : CoroutinePromiseBase<T> {
  // Milestone 1: called by `co_return value`.
  template <class V>
  void return_value(V&&) {}
};

template <>
struct CoroutinePromise<void> : CoroutinePromiseBase<void> {
  // Milestone 1: called by `co_return`, or at the end of the body.
  void return_void() {}
};

// What `co_await future` calls: await_ready(); if that returns false, await_suspend(), and the
// caller goes on. Once the frame is resumed, await_resume() makes the result.
template <class T>
class FutureAwaiter {
 public:
  explicit FutureAwaiter(Future<T> future) : future_(std::move(future)) {}

  // Milestone 2: is there nothing to wait for?
  bool await_ready() const { return false; }

  // Milestone 2: who resumes the frame, and who frees it if nobody does?
  void await_suspend(std::coroutine_handle<>) const {}

  // Milestone 2: what is the value of the expression?
  T await_resume() const {
    if constexpr (!std::is_void_v<T>) return T();
  }

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
