// Handlers that respond later (Tornado 4: @web.asynchronous).
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
  // Called when the client closes the connection, or shuts down its sending side, before finish().
  // Whatever is written from then on is discarded. Does nothing unless overridden.
  virtual void on_connection_close() {}

 protected:
  // Lets the verb return before its response is ready: keeps the request open, and this object
  // alive, until finish() is called or the client leaves.
  void asynchronous();

  // [wrap]
  // Returns a callback to run later. It keeps this object alive, and an exception that it throws
  // becomes this request's error page. Without wrap(), the exception would end up in the loop,
  // which knows nothing about requests, and the client would wait forever.
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
