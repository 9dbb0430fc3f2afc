#include "07-3-guest-book/guest_book.h"

#include <exception>
#include <stdexcept>

using mini::Future;

Future<void> GuestBook::sign(std::string name) {
  const Future<void> thanks;
  // The pool's thread works on copies; only the loop's thread touches the book.
  const Future<bool> checked = pool_.submit([check = check_, name] { return check(name); });
  checked.add_done_callback([this, name, thanks](const Future<bool>& done) {
    try {
      if (!done.result()) throw std::runtime_error("no name: " + name);
      give_to_the_press(name, thanks);
    } catch (...) {
      thanks.set_exception(std::current_exception());
    }
  });
  return thanks;
}

void GuestBook::give_to_the_press(const std::string& name, const Future<void>& thanks) {
  press_.add(name).add_done_callback([thanks](const Future<void>& done) {
    try {
      done.result();
      thanks.set_result();
    } catch (...) {
      thanks.set_exception(std::current_exception());
    }
  });
}
