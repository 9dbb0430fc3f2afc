#include "04-3-relay/budget.h"

#include <utility>

void Budget::take(std::size_t bytes, std::function<void()> callback) {
  waiting_.push_back({bytes, std::move(callback)});
  serve();
}

void Budget::give_back(std::size_t bytes) {
  free_ += bytes;
  serve();
}

void Budget::serve() {
  while (!waiting_.empty() && waiting_.front().bytes <= free_) {
    const Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    free_ -= next.bytes;
    next.callback();
  }
}
