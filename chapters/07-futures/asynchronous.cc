#include "07-futures/asynchronous.h"

namespace mini {

// [asynchronous]
void AsynchronousHandler::asynchronous() {
  auto_finish_ = false;
  // The connection holds this callback until the answer is finished: that is what keeps us.
  mutable_request().set_close_callback(
      [self = shared_from_this(), this] { on_connection_close(); });
}
// [/asynchronous]

}  // namespace mini
