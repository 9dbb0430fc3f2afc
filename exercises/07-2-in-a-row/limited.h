// Asks questions, and at most so many of them at a time (final: AsyncHTTPClient's max_clients).
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <utility>

#include "07-futures/future.h"

using Answer = mini::Future<std::string>;

// It must outlive the questions that it was asked.
class Limited {
 public:
  // Asks a question now. May throw, if it cannot be asked.
  using Ask = std::function<Answer(const std::string& question)>;

  Limited(Ask ask, std::size_t limit) : ask_(std::move(ask)), limit_(limit) {}

  // Asks as soon as fewer than `limit` questions are under way; those that wait are asked in their
  // order. The future ends as that of the question does. Never throws what the question threw: the
  // future has it.
  Answer ask(const std::string& question);

  // How many are under way.
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
