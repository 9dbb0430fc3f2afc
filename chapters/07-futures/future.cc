#include "07-futures/future.h"

#include <cstdio>

namespace mini {

void log_exception(const char* where, const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& known) {
    std::fprintf(stderr, "%s: %s\n", where, known.what());
  } catch (...) {
    std::fprintf(stderr, "%s: an exception of an unknown type\n", where);
  }
}

}  // namespace mini
