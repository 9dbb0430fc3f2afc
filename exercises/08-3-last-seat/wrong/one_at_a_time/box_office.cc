#include "08-3-last-seat/box_office.h"

#include <exception>

#include "08-coroutines/coroutine.h"

using mini::Future;

namespace {

Future<void> done_already() {
  const Future<void> future;
  future.set_result();
  return future;
}

Future<void> last_sale = done_already();

}  // namespace

Future<bool> BoxOffice::sell(std::string name) {
  const Future<void> before = last_sale;
  const Future<void> mine;
  last_sale = mine;
  co_await before;
  bool paid = false;
  std::exception_ptr error;
  try {
    if (free_ > 0) {
      const Future<bool> charged = charge_(name);
      paid = co_await charged;
    }
  } catch (...) {
    error = std::current_exception();
  }
  if (paid) {
    --free_;
    sold_.push_back(name);
  }
  mine.set_result();
  if (error) std::rethrow_exception(error);
  co_return paid;
}
