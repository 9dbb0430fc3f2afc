#include "07-3-guest-book/guest_book.h"

#include <mutex>
#include <stdexcept>
#include <utility>

namespace {

std::mutex mutex;

}  // namespace

mini::Future<std::size_t> GuestBook::sign(std::string name) {
  return pool_.submit([this, name = std::move(name)] {
    const std::lock_guard lock(mutex);
    if (!check_(name)) throw std::runtime_error("no name: " + name);
    names_.push_back(name);
    return names_.size();
  });
}
