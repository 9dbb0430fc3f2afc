// The results of several futures, in the order in which they come (Tornado: gen.WaitIterator).
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "07-futures/future.h"

//   WaitIterator answers(std::move(asked));
//   while (!answers.done()) {
//     const Future<std::string> next = answers.next();
//     const std::string answer = co_await next;
//   }
class WaitIterator {
 public:
  explicit WaitIterator(const std::vector<mini::Future<std::string>>& futures);

  // Whether next() has been called for each of them.
  bool done() const;

  // A future that ends as the first of them does that has not been handed out yet: at once if one
  // has come already. Not called again before the last one has ended. Throws std::logic_error when
  // done().
  mini::Future<std::string> next();

  // Which of the futures it was that ended the last next(); counted from 0.
  std::size_t current_index() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};
