#include "07-futures/asynchronous.h"

namespace mini {

// [asynchronous]
void AsynchronousHandler::asynchronous() {
  auto_finish_ = false;
  // The connection holds this callback until the response is finished; the callback holds us.
  mutable_request().set_close_callback(
      [self = shared_from_this(), this] { on_connection_close(); });
}
// [/asynchronous]

}  // namespace mini
