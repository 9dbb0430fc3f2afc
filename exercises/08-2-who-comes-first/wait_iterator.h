// The results of several futures, in the order of arrival (Tornado: gen.WaitIterator).
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

  // Returns whether next() has been called once for each future.
  bool done() const;

  // Returns a future for the next result to arrive; it is done at once if one has arrived already.
  // Call it again only when the future it returned last is done. Throws std::logic_error when
  // done().
  mini::Future<std::string> next();

  // Returns the index, counted from 0, of the future whose result the last next() gave.
  std::size_t current_index() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};
