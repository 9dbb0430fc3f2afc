#include "08-2-who-comes-first/wait_iterator.h"

#include <stdexcept>

#include "08-coroutines/gen.h"

using Answer = mini::Future<std::string>;

// TODO: the results that have arrived, and the future that waits for one.
struct WaitIterator::State {
  std::vector<Answer> futures;
  std::size_t handed_out = 0;
};

// TODO: find out when each of them is done.
WaitIterator::WaitIterator(const std::vector<Answer>& futures) : state_(std::make_shared<State>()) {
  state_->futures = futures;
}

bool WaitIterator::done() const {
  return state_->handed_out == state_->futures.size();
}

// TODO: the next one to arrive, not the next one in the list.
Answer WaitIterator::next() {
  if (done()) throw std::logic_error("all have been handed out");
  return state_->futures[state_->handed_out++];
}

std::size_t WaitIterator::current_index() const {
  return state_->handed_out - 1;
}
