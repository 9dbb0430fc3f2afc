// A guest book. A name is checked before it is written, and that takes a while.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "07-futures/thread_pool.h"

// It belongs to the loop's thread, and must outlive what it was asked.
class GuestBook {
 public:
  // Whether this is a name. It blocks; several threads may check at the same time.
  using Check = std::function<bool(const std::string& name)>;

  GuestBook(mini::ThreadPoolExecutor& pool, Check check) : pool_(pool), check_(std::move(check)) {}

  // Checks `name` on a thread of the pool, as many at a time as it has threads. A good one is
  // written behind the others; the future is its place, counted from 1. It fails with
  // std::runtime_error for a bad name, and with what the check throws; then nothing is written.
  mini::Future<std::size_t> sign(std::string name);

  // Those who have signed, in their order. Does not change while a callback of the loop runs.
  const std::vector<std::string>& names() const { return names_; }

 private:
  mini::ThreadPoolExecutor& pool_;
  Check check_;
  std::vector<std::string> names_;
};
