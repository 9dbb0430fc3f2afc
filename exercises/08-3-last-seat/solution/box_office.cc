#include "08-3-last-seat/box_office.h"

#include "08-coroutines/coroutine.h"

using mini::Future;

Future<std::string> BoxOffice::sell(std::string name) {
  while (!hall_.has_free()) {
    if (sales_.open() == 0) co_return "sold out";
    const Future<void> end = sales_.next_end();
    co_await end;
  }
  const int seat = hall_.take();
  const Future<bool> sale = sales_.start(seat, name);
  const bool sold = co_await sale;
  if (!sold) co_return "refused";
  co_return "seat " + std::to_string(seat);
}
