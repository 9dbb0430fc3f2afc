// Sells the seats of a hall until there are none left. Everything here runs on one loop.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "07-futures/future.h"
#include "08-3-last-seat/bank.h"
#include "08-3-last-seat/hall.h"
#include "08-3-last-seat/sales.h"

class BoxOffice {
 public:
  BoxOffice(int seats, int lines, Bank::Ask ask) : hall_(seats), bank_(lines, std::move(ask)) {}

  // Sells a seat to `name`. The result is "seat 7", "refused" if the bank says no, or "sold out".
  // If the bank fails, so does the future. If no seat is free while somebody is still paying for
  // one, the customer waits, because that seat may come back.
  mini::Future<std::string> sell(std::string name);

  // Waits for the customers who are paying now.
  mini::Future<void> close() { return sales_.all_ended(); }

  // Returns the seats that are sold, and to whom.
  const std::map<int, std::string>& sold() const { return hall_.sold(); }

 private:
  Hall hall_;
  Bank bank_;
  Sales sales_{hall_, bank_};
};
