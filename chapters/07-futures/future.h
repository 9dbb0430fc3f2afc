// A result that is not there yet (Tornado: tornado.concurrent.Future).
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "03-ioloop/ioloop.h"

namespace mini {

// Writes to stderr what nobody will catch any more.
void log_exception(const char* where, const std::exception_ptr& error);

template <class T>
class Future;

// [state]
// What the copies of one future share.
template <class T>
struct FutureState {
  // void has no values: std::monostate stands for "it is done".
  using Value = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

  FutureState() = default;
  FutureState(const FutureState&) = delete;
  FutureState& operator=(const FutureState&) = delete;
  ~FutureState() {
    if (error && !looked_at) log_exception("nobody looked at a future's exception", error);
  }
  bool done() const { return value || error; }

  std::optional<Value> value;
  std::exception_ptr error;
  bool looked_at = false;
  std::vector<std::function<void(Future<T>)>> callbacks;
};
// [/state]

// [future]
// A handle: copies mean the same result. It belongs to the thread of its loop.
template <class T>
class Future {
 public:
  // Pending, until somebody with a copy of it says how it ended.
  Future() : state_(std::make_shared<FutureState<T>>()) {}

  bool done() const { return state_->done(); }

  // The result. Throws the exception that took its place; std::logic_error if it is not done.
  std::add_lvalue_reference_t<const T> result() const;

  // Complete it. std::logic_error if it is done.
  template <class... V>
  void set_result(V&&... value) const;
  void set_exception(std::exception_ptr error) const;

  // Calls `callback` when it is done: from the loop, never inside this call, nor inside
  // set_result(). Whoever completes a future need not know what will run then.
  void add_done_callback(std::function<void(Future)> callback) const;

 private:
  void complete() const;
  void call_soon(std::function<void(Future)> callback) const;

  std::shared_ptr<FutureState<T>> state_;
};
// [/future]

// [result]
template <class T>
std::add_lvalue_reference_t<const T> Future<T>::result() const {
  if (!done()) throw std::logic_error("the future is not done");
  state_->looked_at = true;
  if (state_->error) std::rethrow_exception(state_->error);
  if constexpr (!std::is_void_v<T>) return *state_->value;
}
// [/result]

// [complete]
template <class T>
template <class... V>
void Future<T>::set_result(V&&... value) const {
  if (done()) throw std::logic_error("the future is done already");
  state_->value.emplace(std::forward<V>(value)...);
  complete();
}

template <class T>
void Future<T>::set_exception(std::exception_ptr error) const {
  if (done()) throw std::logic_error("the future is done already");
  state_->error = std::move(error);
  complete();
}

// [queue]
template <class T>
void Future<T>::complete() const {
  for (auto& callback : std::exchange(state_->callbacks, {})) call_soon(std::move(callback));
}

template <class T>
void Future<T>::call_soon(std::function<void(Future)> callback) const {
  IOLoop::current().add_callback(
      [callback = std::move(callback), self = *this] { callback(self); });
}

template <class T>
void Future<T>::add_done_callback(std::function<void(Future)> callback) const {
  if (done()) {
    call_soon(std::move(callback));
  } else {
    state_->callbacks.push_back(std::move(callback));
  }
}
// [/queue]
// [/complete]

}  // namespace mini
