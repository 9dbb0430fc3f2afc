// Internal header. What stands between a connection and a handler: collects one request, finds its
// route, makes the handler and runs it.
#pragma once

#include <tornado/web.h>

#include <memory>

#include "web/application_state.h"
#include "web/handler_ref.h"

namespace tornado::web::detail {

// A request from the pool.
struct OwnedRequest final : httputil::HTTPServerRequest, tornado::detail::Pooled {
  using httputil::HTTPServerRequest::HTTPServerRequest;
};

class HandlerDelegate final : public httputil::HTTPMessageDelegate, public tornado::detail::Pooled {
 public:
  HandlerDelegate(tornado::detail::Ref<ApplicationState> state,
                  std::shared_ptr<httputil::HTTPConnection> connection);

  Future<void> headers_received(httputil::StartLine start_line,
                                httputil::HTTPHeaders headers) override;
  Future<void> data_received(std::string chunk) override;
  void finish() override;
  void on_connection_close() override;

  // Lets go of a handler that is kept open, as its application goes.
  static void close_open_handlers(ApplicationState& state);

 private:
  const HandlerClass& handler_class() const noexcept;
  void make_handler();
  // Everything up to execute(). The captures; nothing if the handler has answered already.
  std::optional<PathArgs> initialize();

  tornado::detail::Ref<ApplicationState> state_;  // the handler's, once that is made
  std::shared_ptr<httputil::HTTPConnection> connection_;
  std::unique_ptr<OwnedRequest> request_;
  Match match_;  // its captures point into the request
  RequestHandler::Ref handler_;
};

// What a handler's constructor takes over. Set for the length of a HandlerClass::make call.
struct Construction {
  std::unique_ptr<OwnedRequest>* request;
  tornado::detail::Ref<ApplicationState>* state;
};
extern constinit thread_local const Construction* construction;

}  // namespace tornado::web::detail
