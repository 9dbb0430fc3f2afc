// Handlers that answer later (Tornado 4: @web.asynchronous).
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <utility>

#include "06-request-handler/request_handler.h"

namespace mini {

// [handler]
class AsynchronousHandler : public RequestHandler {
 public:
  // The client has left, or will say no more, before finish(). What is written from now on goes
  // nowhere.
  virtual void on_connection_close() {}

 protected:
  // For a verb that returns before its answer is ready: keeps the request open, and this object
  // alive, until finish() is called or the client leaves.
  void asynchronous();

  // [wrap]
  // A callback for later: it keeps this object alive, and what it throws becomes the error page. A
  // callback that is not wrapped throws into the loop, which knows of no request: the client waits
  // for ever.
  template <class F>
  auto wrap(F callback) {
    return [self = shared_from_this(), this, callback = std::move(callback)](auto&&... args) {
      try {
        callback(std::forward<decltype(args)>(args)...);
      } catch (...) {
        handle_exception(std::current_exception());
      }
    };
  }
  // [/wrap]
};
// [/handler]

}  // namespace mini
