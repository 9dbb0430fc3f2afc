// A guest book. A name is checked before it is written, and that takes a while.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "07-futures/thread_pool.h"

// Use it only on the loop's thread. It must outlive the signatures it was given.
class GuestBook {
 public:
  // Returns whether this is a name. Blocks; several threads may check at the same time.
  using Check = std::function<bool(const std::string& name)>;

  GuestBook(mini::ThreadPoolExecutor& pool, Check check) : pool_(pool), check_(std::move(check)) {}

  // Checks `name` on a thread of the pool, so as many names are checked at once as it has threads.
  // A good name is written after the others, and the future holds its place, counted from 1. The
  // future fails with std::runtime_error for a bad name, or with the exception of the check; then
  // nothing is written.
  mini::Future<std::size_t> sign(std::string name);

  // Returns the names in the order of signing. Does not change while a callback of the loop runs.
  const std::vector<std::string>& names() const { return names_; }

 private:
  mini::ThreadPoolExecutor& pool_;
  Check check_;
  std::vector<std::string> names_;
};
