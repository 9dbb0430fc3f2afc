#include "08-3-last-seat/box_office.h"

#include "08-coroutines/coroutine.h"

using mini::Future;

Future<bool> BoxOffice::sell(std::string name) {
  if (free_ == 0) co_return false;
  --free_;  // before anybody else gets a turn
  bool paid = false;
  try {
    const Future<bool> charged = charge_(name);
    paid = co_await charged;
  } catch (...) {
    ++free_;
    throw;
  }
  if (paid) {
    sold_.push_back(name);
  } else {
    ++free_;
  }
  co_return paid;
}
