// A result that has not arrived yet.
#pragma once

#include <cstdio>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "03-ioloop/ioloop.h"

namespace mini {

// Writes an exception that nobody will catch any more to stderr.
inline void log_exception(const char* where, const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& known) {
    std::fprintf(stderr, "%s: %s\n", where, known.what());
  } catch (...) {
    std::fprintf(stderr, "%s: an exception of an unknown type\n", where);
  }
}

template <class T>
class Future;

// The state that all copies of one future share.
template <class T>
struct FutureState {
  FutureState() = default;
  FutureState(const FutureState&) = delete;
  FutureState& operator=(const FutureState&) = delete;
  ~FutureState() {
    // TODO 4: is there an exception that nobody asked for?
  }
  bool done() const { return value || error; }

  std::optional<T> value;
  std::exception_ptr error;
  bool looked_at = false;
  std::vector<std::function<void(Future<T>)>> callbacks;
};

// A handle: all copies refer to the same result. Use it only on the thread of its loop.
template <class T>
class Future {
 public:
  // Makes a pending future. Whoever holds a copy may complete it.
  Future() : state_(std::make_shared<FutureState<T>>()) {}

  bool done() const { return state_->done(); }

  // Returns the value, or throws the exception that took its place. Throws std::logic_error if the
  // future is not done.
  const T& result() const {
    // TODO 1: what if the value has not arrived, or never will?
    return *state_->value;
  }

  // Complete the future. Both throw std::logic_error if it is done already.
  void set_result(T value) const {
    // TODO 2: only once; and somebody may be waiting.
    state_->value = std::move(value);
  }
  void set_exception(std::exception_ptr error) const {
    // TODO 2: the same, for an exception.
    state_->error = std::move(error);
  }

  // Calls `callback` once the future is done. The call comes from the loop, never from inside this
  // function, set_result() or set_exception().
  void add_done_callback(std::function<void(Future)> callback) const {
    // TODO 3: call it now, or later?
    state_->callbacks.push_back(std::move(callback));
  }

 private:
  std::shared_ptr<FutureState<T>> state_;
};

}  // namespace mini
