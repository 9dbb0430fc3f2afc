#include "08-3-last-seat/sales.h"

#include <exception>
#include <utility>

#include "08-coroutines/coroutine.h"

using mini::Future;

Future<bool> Sales::start(int seat, std::string name) {
  const int number = ++last_number_;
  const Future<bool> outcome = run(number, seat, std::move(name));
  // The body begins inside the call. If it has no reason to wait, it has ended by now.
  if (!outcome.done()) open_.emplace(number, outcome);
  return outcome;
}

Future<void> Sales::next_end() {
  waiting_.emplace_back();
  return waiting_.back();
}

Future<void> Sales::all_ended() {
  const std::map<int, Future<bool>> now = open_;
  for (const auto& [number, outcome] : now) {
    try {
      co_await outcome;
    } catch (const std::exception&) {
      // The customer has been told.
    }
  }
}

Future<bool> Sales::run(int number, int seat, std::string name) {
  bool paid = false;
  std::exception_ptr error;
  try {
    const Future<bool> charged = bank_.charge(name);
    paid = co_await charged;
  } catch (...) {
    error = std::current_exception();
  }
  if (paid) {
    hall_.sell(seat, name);
  } else {
    hall_.give_back(seat);
  }
  open_.erase(number);
  for (const Future<void>& end : std::exchange(waiting_, {})) end.set_result();
  if (error) std::rethrow_exception(error);
  co_return paid;
}
