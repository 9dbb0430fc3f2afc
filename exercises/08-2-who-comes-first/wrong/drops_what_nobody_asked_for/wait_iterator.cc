#include "08-2-who-comes-first/wait_iterator.h"

#include <deque>
#include <optional>
#include <stdexcept>
#include <utility>

#include "08-coroutines/gen.h"

using Answer = mini::Future<std::string>;

// The callbacks own it too, because the futures may outlive the iterator.
struct WaitIterator::State {
  std::size_t left;  // calls of next() still to come
  std::size_t current = 0;
  std::deque<std::pair<std::size_t, Answer>> come;  // arrived, but not asked for yet
  std::optional<Answer> waiting;                    // handed out by next()

  void match() {
    if (!waiting || come.empty()) return;
    const auto [index, answer] = come.front();
    come.pop_front();
    current = index;
    const Answer to = *std::exchange(waiting, std::nullopt);
    mini::gen::copy_result(answer, to);
  }
};

WaitIterator::WaitIterator(const std::vector<Answer>& futures) : state_(std::make_shared<State>()) {
  state_->left = futures.size();
  for (std::size_t i = 0; i < futures.size(); ++i) {
    futures[i].add_done_callback([state = state_, i](const Answer& done) {
      if (!state->waiting) return;
      state->come.emplace_back(i, done);
      state->match();
    });
  }
}

bool WaitIterator::done() const {
  return state_->left == 0;
}

Answer WaitIterator::next() {
  if (done()) throw std::logic_error("all have been handed out");
  --state_->left;
  const Answer answer;
  state_->waiting = answer;
  state_->match();
  return answer;
}

std::size_t WaitIterator::current_index() const {
  return state_->current;
}
