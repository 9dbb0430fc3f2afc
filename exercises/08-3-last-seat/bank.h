// Asks the customers' bank for the price of a seat.
#pragma once

#include <deque>
#include <functional>
#include <set>
#include <string>
#include <utility>

#include "07-futures/future.h"

class Bank {
 public:
  static constexpr double kPatience = 20;  // seconds for one answer

  // Sends one question. The result says whether the card has paid. Slow, and may fail.
  using Ask = std::function<mini::Future<bool>(std::string card)>;

  Bank(int lines, Ask ask) : free_lines_(lines), ask_(std::move(ask)) {}

  // Charges `card`. The result is false if the bank says no. A card that was refused is not asked
  // about again this evening. Fails if the question fails, or has no answer after kPatience. There
  // are never more open questions than lines.
  mini::Future<bool> charge(std::string card);

 private:
  mini::Future<void> take_line();
  void give_line_back();

  int free_lines_;
  Ask ask_;
  std::deque<mini::Future<void>> waiting_;  // for a line
  std::set<std::string> refused_;
};
