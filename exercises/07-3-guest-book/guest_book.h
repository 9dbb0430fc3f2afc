// A guest book. A name is checked, and then printed; both take a while.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "07-3-guest-book/press.h"
#include "07-futures/thread_pool.h"

// Use it only on the loop's thread. It must outlive the signatures it was given.
class GuestBook {
 public:
  // Returns whether this is a name. Blocks; several threads may check at the same time.
  using Check = std::function<bool(const std::string& name)>;

  GuestBook(mini::ThreadPoolExecutor& pool, Check check, Press::Print print)
      : pool_(pool), check_(std::move(check)), press_(pool, std::move(print), "Our guests") {}

  // Checks `name` on a thread of the pool, and gives it to the press. The guest is thanked when the
  // future is done: then the name is in the book. The future fails with std::runtime_error for a
  // bad name, or with the exception of the check or of the press.
  mini::Future<void> sign(std::string name);

  // Sets the heading of the pages that are begun from now on.
  void set_heading(std::string heading) { press_.set_heading(std::move(heading)); }

 private:
  void give_to_the_press(const std::string& name, const mini::Future<void>& thanks);

  mini::ThreadPoolExecutor& pool_;
  Check check_;
  Press press_;
};
