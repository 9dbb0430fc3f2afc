#include "07-3-guest-book/guest_book.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

mini::Future<std::size_t> GuestBook::sign(std::string name) {
  return pool_.submit([this, name = std::move(name)] {
    const std::size_t place = names_.size() + 1;
    if (!check_(name)) throw std::runtime_error("no name: " + name);
    names_.resize(std::max(names_.size(), place));
    names_[place - 1] = name;
    return place;
  });
}
