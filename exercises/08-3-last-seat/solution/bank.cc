#include "08-3-last-seat/bank.h"

#include <exception>

#include "08-coroutines/gen.h"

using mini::Future;

Future<bool> Bank::charge(std::string card) {
  if (refused_.contains(card)) co_return false;
  const Future<void> line = take_line();
  co_await line;
  bool paid = false;
  std::exception_ptr error;
  try {
    const Future<bool> answer = mini::gen::with_timeout(kPatience, ask_(card));
    paid = co_await answer;
  } catch (...) {
    error = std::current_exception();
  }
  give_line_back();
  if (error) std::rethrow_exception(error);
  if (!paid) refused_.insert(card);
  co_return paid;
}

Future<void> Bank::take_line() {
  const Future<void> turn;
  if (free_lines_ > 0) {
    --free_lines_;
    turn.set_result();
  } else {
    waiting_.push_back(turn);
  }
  return turn;
}

void Bank::give_line_back() {
  if (waiting_.empty()) {
    ++free_lines_;
    return;
  }
  const Future<void> next = waiting_.front();  // oldest first
  waiting_.pop_front();
  next.set_result();
}
