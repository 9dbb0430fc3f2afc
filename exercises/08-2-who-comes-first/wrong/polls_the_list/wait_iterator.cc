#include "08-2-who-comes-first/wait_iterator.h"

#include <algorithm>
#include <stdexcept>

#include "08-coroutines/gen.h"

using Answer = mini::Future<std::string>;

struct WaitIterator::State {
  std::vector<Answer> futures;
  std::vector<bool> handed_out;
  std::size_t current = 0;
};

WaitIterator::WaitIterator(const std::vector<Answer>& futures) : state_(std::make_shared<State>()) {
  state_->futures = futures;
  state_->handed_out.resize(futures.size());
}

bool WaitIterator::done() const {
  return std::count(state_->handed_out.begin(), state_->handed_out.end(), false) == 0;
}

// Picks one that is done, or else the first that is not.
Answer WaitIterator::next() {
  if (done()) throw std::logic_error("all have been handed out");
  std::size_t chosen = state_->futures.size();
  for (std::size_t i = state_->futures.size(); i-- > 0;) {
    if (state_->handed_out[i]) continue;
    if (chosen == state_->futures.size() || state_->futures[i].done() ||
        !state_->futures[chosen].done()) {
      chosen = i;
    }
  }
  state_->handed_out[chosen] = true;
  state_->current = chosen;
  return state_->futures[chosen];
}

std::size_t WaitIterator::current_index() const {
  return state_->current;
}
