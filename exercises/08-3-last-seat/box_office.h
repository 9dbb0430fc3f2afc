// Sells the seats of a hall until there are none left.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "07-futures/future.h"

class BoxOffice {
 public:
  // Asks the bank for the price of a seat. The result says whether it has paid. Slow, and may fail.
  using Charge = std::function<mini::Future<bool>(std::string name)>;

  BoxOffice(int seats, Charge charge) : free_(seats), charge_(std::move(charge)) {}

  // Sells a seat to `name`. The result is false if no seat is free or the bank says no; if the bank
  // fails, the future fails with the same exception. A card is charged only if there is a seat.
  // Buyers do not wait for each other's banks.
  mini::Future<bool> sell(std::string name);

  // Returns how many seats nobody has bought, or is paying for just now.
  int free() const { return free_; }
  const std::vector<std::string>& sold() const { return sold_; }

 private:
  int free_;
  Charge charge_;
  std::vector<std::string> sold_;
};
