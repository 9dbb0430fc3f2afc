// Internal header. The response that a handler prepares. A WebSocket releases it after the
// handshake.
#pragma once

#include <tornado/core/run_queue.h>
#include <tornado/web.h>

#include <memory>
#include <string>
#include <vector>

namespace tornado::web {

namespace detail {
class PageModules;
}

// Keeps an asynchronous handler alive until it responds. The application releases those that never
// do.
class RequestHandler::Open : public core::ListHook {
 public:
  explicit Open(RequestHandler& handler) : self_(&handler) {}
  Ref take() noexcept { return std::move(self_); }

 private:
  Ref self_;
};

struct RequestHandler::Response : core::Pooled {
  Response();
  ~Response();  // defined in page/render.cc, which knows the modules

  httputil::HTTPHeaders headers;
  httputil::ResponseStartLine status_line;                   // its code is set when it is sent
  std::string body;                                          // written, but not sent
  std::vector<std::unique_ptr<OutputTransform>> transforms;  // created when the head is sent
  int error_pages = 0;                                       // number begun by send_error()
  std::unique_ptr<Open> open;                    // keeps an asynchronous handler until finish()
  std::unique_ptr<detail::PageModules> modules;  // of the page being rendered
};

// A WebSocket has released its response; asking for it creates a new one.
inline RequestHandler::Response& RequestHandler::response() {
  if (response_ == nullptr) [[unlikely]]
    make_response();
  return *response_;
}

// Releases a handler that was left open.
inline void RequestHandler::stop_waiting() noexcept {
  if (response_ != nullptr && response_->open != nullptr) response_->open.reset();
}

}  // namespace tornado::web
