// The sales of an evening that have begun and not yet ended.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "07-futures/future.h"
#include "08-3-last-seat/bank.h"
#include "08-3-last-seat/hall.h"

class Sales {
 public:
  Sales(Hall& hall, Bank& bank) : hall_(hall), bank_(bank) {}

  // Sells `seat`, which was taken, to `name`; or gives it back, if the bank says no or fails. The
  // result says whether it is sold. If the bank fails, it is the bank's exception.
  mini::Future<bool> start(int seat, std::string name);

  // Returns how many sales have not ended: their seats may come back.
  std::size_t open() const { return open_.size(); }
  // Returns a future that is done when the next sale has ended.
  mini::Future<void> next_end();
  // Returns a future that is done when all sales that are open now have ended.
  mini::Future<void> all_ended();

 private:
  mini::Future<bool> run(int number, int seat, std::string name);

  Hall& hall_;
  Bank& bank_;
  int last_number_ = 0;
  std::map<int, mini::Future<bool>> open_;  // by the number of the sale
  std::vector<mini::Future<void>> waiting_;
};
