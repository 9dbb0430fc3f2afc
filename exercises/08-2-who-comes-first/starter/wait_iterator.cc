#include "08-2-who-comes-first/wait_iterator.h"

#include <stdexcept>

#include "08-coroutines/gen.h"

using Answer = mini::Future<std::string>;

// TODO: what has come, and who waits.
struct WaitIterator::State {
  std::vector<Answer> futures;
  std::size_t handed_out = 0;
};

// TODO: hear of each of them when it comes.
WaitIterator::WaitIterator(const std::vector<Answer>& futures) : state_(std::make_shared<State>()) {
  state_->futures = futures;
}

bool WaitIterator::done() const {
  return state_->handed_out == state_->futures.size();
}

// TODO: the next that comes, and not the next of the list.
Answer WaitIterator::next() {
  if (done()) throw std::logic_error("all have been handed out");
  return state_->futures[state_->handed_out++];
}

std::size_t WaitIterator::current_index() const {
  return state_->handed_out - 1;
}
