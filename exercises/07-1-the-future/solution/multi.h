// Waiting for several futures at once.
#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "07-futures/future.h"

namespace mini::gen {

// The futures that are done, each in its place. A pending one is not kept: it owns the callback
// that owns this, and nothing would break the cycle if nobody completed it.
template <class T>
struct Gathered {
  explicit Gathered(std::size_t size) : done(size), missing(size) {}
  std::vector<std::optional<Future<T>>> done;
  std::size_t missing;
};

// Calls `finish` with the futures once all of them are done; at once if there are none.
template <class T, class F>
void gather(const std::vector<Future<T>>& futures, F finish) {
  const auto gathered = std::make_shared<Gathered<T>>(futures.size());
  if (futures.empty()) return finish(gathered->done);
  for (std::size_t i = 0; i < futures.size(); ++i) {
    futures[i].add_done_callback([gathered, finish, i](const Future<T>& future) {
      gathered->done[i] = future;
      if (--gathered->missing == 0) finish(gathered->done);
    });
  }
}

// Returns the results of all futures, in the order of the vector. Waits for all of them even if one
// fails; then fails with the first exception, in that order, and drops the others.
template <class T>
Future<std::vector<T>> multi(std::vector<Future<T>> futures) {
  const Future<std::vector<T>> all;
  gather(futures, [all](const std::vector<std::optional<Future<T>>>& done) {
    std::vector<T> results;
    std::exception_ptr first;
    for (const std::optional<Future<T>>& future : done) {
      try {
        results.push_back(future->result());
      } catch (...) {
        if (!first) first = std::current_exception();
      }
    }
    if (first) return all.set_exception(first);
    all.set_result(std::move(results));
  });
  return all;
}

// The same for futures without a value.
inline Future<void> multi(std::vector<Future<void>> futures) {
  const Future<void> all;
  gather(futures, [all](const std::vector<std::optional<Future<void>>>& done) {
    std::exception_ptr first;
    for (const std::optional<Future<void>>& future : done) {
      try {
        future->result();
      } catch (...) {
        if (!first) first = std::current_exception();
      }
    }
    if (first) return all.set_exception(first);
    all.set_result();
  });
  return all;
}

}  // namespace mini::gen
