#include "07-3-guest-book/press.h"

#include <exception>

using mini::Future;

Press::Press(mini::ThreadPoolExecutor& pool, Print print, std::string heading)
    : pool_(pool), print_(std::move(print)), blank_{std::move(heading), {}, {}}, page_(blank_) {}

Future<void> Press::add(std::string name) {
  page_.names.push_back(std::move(name));
  const Future<void> printed = page_.printed;
  print_next();
  return printed;
}

void Press::set_heading(std::string heading) {
  blank_.heading = std::move(heading);
  if (page_.names.empty()) page_.heading = blank_.heading;
}

void Press::print_next() {
  if (printing_ || page_.names.empty()) return;
  printing_ = true;
  const Page page = std::exchange(page_, blank_);
  const auto print = [print = print_, heading = page.heading, names = page.names] {
    print(heading, names);
  };
  pool_.submit(print).add_done_callback(
      [this, page](const Future<void>& done) { on_printed(page, done); });
}

void Press::on_printed(const Page& page, const Future<void>& done) {
  std::exception_ptr error;
  try {
    done.result();
  } catch (...) {
    error = std::current_exception();
  }
  if (error) {
    page.printed.set_exception(error);
  } else {
    page.printed.set_result();
  }
  printing_ = false;
  print_next();
}
