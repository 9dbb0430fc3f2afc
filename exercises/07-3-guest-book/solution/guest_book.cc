#include "07-3-guest-book/guest_book.h"

#include <exception>
#include <stdexcept>
#include <utility>

mini::Future<std::size_t> GuestBook::sign(std::string name) {
  const mini::Future<std::size_t> place;
  // The pool's thread works on copies; only the loop's thread touches the book.
  const mini::Future<bool> checked = pool_.submit([check = check_, name] { return check(name); });
  checked.add_done_callback([this, name, place](const mini::Future<bool>& done) {
    try {
      if (!done.result()) throw std::runtime_error("no name: " + name);
      names_.push_back(name);
      place.set_result(names_.size());
    } catch (...) {
      place.set_exception(std::current_exception());
    }
  });
  return place;
}
