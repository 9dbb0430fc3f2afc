#include "07-2-in-a-row/limited.h"

#include <exception>
#include <utility>

namespace {

// Completes `to` with the result of `from`.
void hand_over(const Answer& from, const Answer& to) {
  try {
    to.set_result(from.result());
  } catch (...) {
    to.set_exception(std::current_exception());
  }
}

}  // namespace

Answer Limited::ask(const std::string& question) {
  const Answer answer;
  waiting_.push_back({question, answer});
  next();
  return answer;
}

void Limited::next() {
  while (running_ < limit_ && !waiting_.empty()) {
    const Waiting one = std::move(waiting_.front());
    waiting_.pop_front();
    start(one);
  }
}

void Limited::start(const Waiting& one) {
  ++running_;
  try {
    ask_(one.question).add_done_callback([this, answer = one.answer](const Answer& done) {
      --running_;
      hand_over(done, answer);
      while (!waiting_.empty()) {
        const Waiting waited = std::move(waiting_.front());
        waiting_.pop_front();
        start(waited);
      }
    });
  } catch (...) {
    --running_;
    one.answer.set_exception(std::current_exception());
  }
}
