// A result that has not arrived yet.
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

// Writes an exception that nobody will catch any more to stderr.
void log_exception(const char* where, const std::exception_ptr& error);

template <class T>
class Future;

// The state that all copies of one future share.
template <class T>
struct FutureState {
  // There are no values of type void: std::monostate stands for "done".
  using Value = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

  FutureState() = default;
  FutureState(const FutureState&) = delete;
  FutureState& operator=(const FutureState&) = delete;
  ~FutureState() {
    // Milestone 1: is there an exception that nobody asked for?
  }
  bool done() const { return value || error; }

  std::optional<Value> value;
  std::exception_ptr error;
  bool looked_at = false;
  std::vector<std::function<void(Future<T>)>> callbacks;
};

// A handle: all copies refer to the same result. Use it only on the thread of its loop.
template <class T>
class Future {
 public:
  // Makes a pending future. Any copy can complete it.
  Future() : state_(std::make_shared<FutureState<T>>()) {}

  bool done() const { return state_->done(); }

  // Returns the value, or throws the exception that took its place. Throws std::logic_error if the
  // future is not done.
  std::add_lvalue_reference_t<const T> result() const;

  // Complete the future. Both throw std::logic_error if it is done already.
  template <class... V>
  void set_result(V&&... value) const;
  void set_exception(std::exception_ptr error) const;

  // Calls `callback` once the future is done. The call comes from the loop, never from inside this
  // function, set_result() or set_exception().
  void add_done_callback(std::function<void(Future)> callback) const;

 private:
  void complete() const;
  void call_soon(std::function<void(Future)> callback) const;

  std::shared_ptr<FutureState<T>> state_;
};

template <class T>
std::add_lvalue_reference_t<const T> Future<T>::result() const {
  // Milestone 1: what if the value has not arrived, or never will?
  if constexpr (!std::is_void_v<T>) return state_->value.value();
}

template <class T>
template <class... V>
void Future<T>::set_result(V&&... value) const {
  // Milestone 1: make the value from `value`, once; then complete().
}

template <class T>
void Future<T>::set_exception(std::exception_ptr error) const {
  // Milestone 1: the same, for an exception.
}

template <class T>
void Future<T>::complete() const {
  // Milestone 2: the future is done; who wants to know?
}

template <class T>
void Future<T>::call_soon(std::function<void(Future)> callback) const {
  // Milestone 2: from the loop.
}

template <class T>
void Future<T>::add_done_callback(std::function<void(Future)> callback) const {
  // Milestone 2: it may be done already.
}

}  // namespace mini
