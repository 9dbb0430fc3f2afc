// The memory that all copies of a relay share.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>

class Budget {
 public:
  explicit Budget(std::size_t bytes) : free_(bytes) {}

  // Takes `bytes` once they are free and all earlier calls have theirs, then calls `callback`: at
  // once, or from give_back(). `bytes` must not be more than the whole budget.
  void take(std::size_t bytes, std::function<void()> callback);
  void give_back(std::size_t bytes);

 private:
  struct Waiting {
    std::size_t bytes = 0;
    std::function<void()> callback;
  };
  void serve();

  std::size_t free_;
  std::deque<Waiting> waiting_;
};
