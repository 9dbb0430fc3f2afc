// Asks questions, but only so many at a time (in final: AsyncHTTPClient's max_clients).
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <utility>

#include "07-futures/future.h"

using Answer = mini::Future<std::string>;

// It must outlive the questions it was given.
class Limited {
 public:
  // Asks a question now. Throws if it cannot be asked.
  using Ask = std::function<Answer(const std::string& question)>;

  Limited(Ask ask, std::size_t limit) : ask_(std::move(ask)), limit_(limit) {}

  // Asks as soon as fewer than `limit` questions are running; waiting questions are asked oldest
  // first. The returned future ends as the question's future does. If asking throws, the exception
  // goes into the future, not to the caller.
  Answer ask(const std::string& question);

  // Returns how many questions are running.
  std::size_t running() const { return running_; }

 private:
  struct Waiting {
    std::string question;
    Answer answer;
  };

  void next();
  void start(const Waiting& one);

  Ask ask_;
  std::size_t limit_;
  std::size_t running_ = 0;
  std::deque<Waiting> waiting_;
};
