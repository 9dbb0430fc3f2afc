// Sells the seats of a hall, for as long as there are some.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "07-futures/future.h"

class BoxOffice {
 public:
  // Asks the bank for the price of a seat. True: it has paid. Takes its time, and may fail.
  using Charge = std::function<mini::Future<bool>(std::string name)>;

  BoxOffice(int seats, Charge charge) : free_(seats), charge_(std::move(charge)) {}

  // Sells a seat to `name`. False: there is none, or the bank says no. Fails as the bank fails.
  // Nobody's card is charged but for a seat. Buyers do not wait for each other's banks.
  mini::Future<bool> sell(std::string name);

  int free() const { return free_; }
  const std::vector<std::string>& sold() const { return sold_; }

 private:
  int free_;
  Charge charge_;
  std::vector<std::string> sold_;
};
