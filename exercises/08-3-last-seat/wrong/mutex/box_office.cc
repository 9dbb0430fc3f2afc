#include "08-3-last-seat/box_office.h"

#include <mutex>

#include "08-coroutines/coroutine.h"

using mini::Future;

namespace {

std::mutex office;

}  // namespace

Future<bool> BoxOffice::sell(std::string name) {
  const std::lock_guard lock(office);
  if (free_ == 0) co_return false;
  const Future<bool> charged = charge_(name);
  const bool paid = co_await charged;
  if (!paid) co_return false;
  --free_;
  sold_.push_back(name);
  co_return true;
}
