// Prints the pages of a book, one at a time.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "07-futures/future.h"
#include "07-futures/thread_pool.h"

// A page, while it is filled and printed. Everybody on it waits for the same moment.
struct Page {
  std::string heading;
  std::vector<std::string> names;
  mini::Future<void> printed;
};

// Use it only on the loop's thread. It must outlive the futures it returns.
class Press {
 public:
  // Appends a page to the book. Blocks, and may fail.
  using Print =
      std::function<void(const std::string& heading, const std::vector<std::string>& names)>;

  // Makes the press of a book whose pages have this heading.
  Press(mini::ThreadPoolExecutor& pool, Print print, std::string heading);

  // Puts `name` on the next page. The future is done when that page is in the book, and fails if it
  // could not be printed. While a page is printed, on a thread of the pool, all who come share the
  // next one.
  mini::Future<void> add(std::string name);

  // Sets the heading of the next page that is begun.
  void set_heading(std::string heading);

 private:
  void print_next();
  void on_printed(const Page& page, const mini::Future<void>& done);

  mini::ThreadPoolExecutor& pool_;
  Print print_;
  Page blank_;
  Page page_;  // the one that is being filled
  bool printing_ = false;
};
