#include <tornado/gen.h>
#include <tornado/log.h>

#include "loop/error_text.h"

namespace tornado::gen {

void detail::log_later_failure(const std::exception_ptr& exception) noexcept {
  log::app_log.error("Multiple exceptions in yield list: " + describe(exception));
}

void detail::log_failure_after_timeout(const std::exception_ptr& exception) noexcept {
  log::app_log.error("Exception in Future after timeout: " + describe(exception));
}

Future<void> sleep(double seconds) {
  Future<void> done;
  ioloop::IOLoop::current().call_later(seconds, [done] {
    if (!done.done()) done.set_result();
  });
  return done;
}

}  // namespace tornado::gen
