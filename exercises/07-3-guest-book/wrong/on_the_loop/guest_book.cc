#include "07-3-guest-book/guest_book.h"

#include <exception>
#include <stdexcept>
#include <utility>

mini::Future<std::size_t> GuestBook::sign(std::string name) {
  const mini::Future<std::size_t> place;
  try {
    if (!check_(name)) throw std::runtime_error("no name: " + name);
    names_.push_back(std::move(name));
    place.set_result(names_.size());
  } catch (...) {
    place.set_exception(std::current_exception());
  }
  return place;
}
