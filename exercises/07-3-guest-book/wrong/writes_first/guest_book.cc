#include "07-3-guest-book/guest_book.h"

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <utility>

mini::Future<std::size_t> GuestBook::sign(std::string name) {
  const mini::Future<std::size_t> place;
  names_.push_back(name);
  const std::size_t mine = names_.size();
  const mini::Future<bool> checked = pool_.submit([check = check_, name] { return check(name); });
  checked.add_done_callback([this, name, place, mine](const mini::Future<bool>& done) {
    try {
      if (!done.result()) throw std::runtime_error("no name: " + name);
      place.set_result(mine);
    } catch (...) {
      names_.erase(std::find(names_.begin(), names_.end(), name));
      place.set_exception(std::current_exception());
    }
  });
  return place;
}
